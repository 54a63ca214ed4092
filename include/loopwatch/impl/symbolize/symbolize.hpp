// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// The backend that turns addresses into frames, chosen here and nowhere else. Each offers, in namespace detail:
//   class symbolizer { std::vector<frame> operator()(snapshot const&);     used by the reporter's thread alone
//                      std::vector<frame> by_symbols(snapshot const&);
//                      void heed(library_code const&); }
#if LOOPWATCH_HAS_SIGNAL_CAPTURE()  // names can only be had for addresses, and addresses only by a capture
#include "symbolizer_linux.hpp"
#else
#include "noop.hpp"
#endif
