// SPDX-License-Identifier: BSL-1.0

// As long as plugin_a, so that the loader puts it to the same place; but the functions have other names and lines.
extern "C" void const* function_of_b() { return __builtin_return_address(0); }

extern "C" void const* place() { return reinterpret_cast<char const*>(&function_of_b) + 1; }
