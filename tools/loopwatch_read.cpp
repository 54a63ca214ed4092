// SPDX-License-Identifier: BSL-1.0

// Prints what a process has left in its black box.
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include <loopwatch/read_black_box.hpp>

namespace {

constexpr char const* usage =
    "loopwatch-read [--all-frames] [--all] FILE...\n"
    "\n"
    "Prints what the process that recorded to a black box of loopwatch has left: the loops that were blocked when it\n"
    "ended, then the last reports.\n"
    "\n"
    "  --all-frames  no runs of frames are folded, and names are whole\n"
    "  --all         all reports, not the last ten\n"
    "\n"
    "Exit code: 0 if no loop was blocked, 1 if one was, 2 if a file can't be read or is no black box.\n";

}  // namespace

int main(int count, char** arguments)
try {
    bool all_frames = false;
    std::size_t most = 10;
    int files = 0;
    int code = 0;
    bool options = true;
    for (int i = 1; i < count; ++i) {
        std::string_view const given = arguments[i];
        if (options && given == "--all-frames") {
            all_frames = true;
        } else if (options && given == "--all") {
            most = ~std::size_t{0};
        } else if (options && given == "--") {
            options = false;
        } else if (options && (given == "--help" || given == "-h")) {
            std::fputs(usage, stdout);
            return 0;
        } else if (options && given.size() > 1 && given.starts_with('-')) {
            std::fprintf(stderr, "loopwatch-read: no such option: %s\n\n%s", arguments[i], usage);
            return 2;
        } else {
            auto const contents = loopwatch::read_black_box(arguments[i]);
            std::string const text = to_string(contents, all_frames, most);
            if (files++ > 0) std::fputc('\n', stdout);
            std::fwrite(text.data(), 1, text.size(), stdout);
            if (!contents.under_way.empty()) code = 1;
        }
    }
    if (files == 0) {
        std::fputs(usage, stderr);
        return 2;
    }
    if (std::fflush(stdout) != 0) throw std::runtime_error{"loopwatch-read: can't write"};
    return code;
} catch (std::exception const& e) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
}
