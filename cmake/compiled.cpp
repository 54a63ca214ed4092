// SPDX-License-Identifier: BSL-1.0
// The implementation, for programs that compile it once. All files of such a program define LOOPWATCH_SEPARATE_COMPILATION.
#include <loopwatch/src.hpp>
