// SPDX-License-Identifier: BSL-1.0

// Prints what self_test() found, after what its argument names was done to this process. Exit code 0: everything works.
#include <loopwatch/self_test.hpp>

#include <cstdio>
#include <cstring>

#if defined(__unix__)
#include <signal.h>
#include <sys/resource.h>
#endif

int main(int count, char** arguments)
{
    [[maybe_unused]] char const* const what = count > 1 ? arguments[1] : "";
#if defined(__unix__)
    if (std::strcmp(what, "signal_taken") == 0) ::signal(SIGURG, [](int) {});
    if (std::strcmp(what, "no_descriptors") == 0) {
        rlimit const no_more{3, 3};
        ::setrlimit(RLIMIT_NOFILE, &no_more);
    }
#endif
    auto const result = loopwatch::self_test();
    std::fputs(to_string(result).c_str(), stdout);
    return result.works() ? 0 : 1;
}
