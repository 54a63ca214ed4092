// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// What the unwinder must know about instructions, where CFI is missing or wrong. Each backend offers:
//   call_site_before(memory, return address, callee), calls_through_pointer(memory, return address)
//   called_before(memory, return address)
//   follows_system_call(memory, pc)
//   returns_from_signal(memory, pc), signal_context_at(sp)
//   about_to_return(memory, registers, slot), return_through(stack, registers, slot, caller)
//   return_at_once(stack, registers, caller)
#if LOOPWATCH_HAS_X86_64()
#include "machine_code_x86_64.hpp"
#else
#include "machine_code_aarch64.hpp"
#endif
