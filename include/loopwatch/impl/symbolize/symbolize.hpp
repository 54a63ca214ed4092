// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// The backend that turns addresses into frames, chosen here and nowhere else. Each offers, in namespace detail:
//   class symbolizer { std::vector<frame> operator()(snapshot const&);     used on the reporter's thread only
//                      std::vector<frame> by_symbols(snapshot const&);
//                      std::uint64_t changes();
//                      void use_library_code(library_code const&); }
#if LOOPWATCH_HAS_SIGNAL_CAPTURE()  // without a capture there are no addresses to name
#include "symbolizer_linux.hpp"
#else
#include "noop.hpp"
#endif
