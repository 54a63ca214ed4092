// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>

#include <asio/io_context.hpp>

#if !defined(ASIO_SOURCE_LOCATION_PARAM)
#define ASIO_SOURCE_LOCATION_PARAM  // Asio before 1.28
#endif

// With ASIO_NO_EXCEPTIONS Asio leaves this to the program.
template <typename Exception>
void asio::detail::throw_exception(Exception const& /*what*/ ASIO_SOURCE_LOCATION_PARAM)
{
    std::abort();
}
