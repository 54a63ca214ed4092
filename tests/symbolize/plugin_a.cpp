// SPDX-License-Identifier: BSL-1.0
extern "C" void const* function_of_a() { return __builtin_return_address(0); }

extern "C" void const* place() { return reinterpret_cast<char const*>(&function_of_a) + 1; }
