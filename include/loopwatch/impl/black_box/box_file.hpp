// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// The file of a black box, chosen here and nowhere else. Each offers, in namespace detail:
//   shared<box_recorder> new_box(file, layout)   throws what black_box's constructor does
#if LOOPWATCH_HAS_LINUX()
#include "box_file_linux.hpp"
#else
#include "box_file_noop.hpp"
#endif
