// SPDX-License-Identifier: BSL-1.0
#include "record.hpp"

#include <cerrno>

#include <time.h>

namespace matrix {

namespace {
MATRIX_FUNCTION void library_deeper(int n)
{
    MATRIX_NOTE_CALL;
    if (n > 0)
        library_deeper(n - 1);
    else
        next_step();
    MATRIX_NO_TAIL_CALL;
}
}  // namespace

MATRIX_FUNCTION void library_step()
{
    MATRIX_NOTE_CALL;
    library_deeper(3);
    MATRIX_NO_TAIL_CALL;
}

MATRIX_FUNCTION void library_sleeps()
{
    MATRIX_NOTE_CALL;
    about_to_block();
    while (waits()) {
        timespec const long_time{20, 0};
        if (::nanosleep(&long_time, nullptr) != 0 && errno == EINTR)
            __atomic_add_fetch(&now.cut_short, 1, __ATOMIC_RELAXED);
    }
    MATRIX_NO_TAIL_CALL;
}

}  // namespace matrix
