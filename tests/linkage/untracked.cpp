// SPDX-License-Identifier: BSL-1.0
//
// A program of two files with Asio, this one compiled with exact mode's macro, and one without loopwatch: exits with 0
// if it is refused as it should be. `untracked <refused or not>`
#include <loopwatch/asio.hpp>
#include <loopwatch/impl/exact/untracked_files.hpp>

#include <cstdio>
#include <stdexcept>
#include <string_view>

void of_other_file(asio::io_context& loop);

int main(int argc, char** argv)
{
    asio::io_context loop;
    post(loop, [] {});
    if (argc > 2) of_other_file(loop);  // never: it is not compiled as this one is
    loop.run();
    bool const expected = argc > 1 && std::string_view{argv[1]} == "refused";
    try {
        loopwatch::detail::refuse_untracked_files();
    } catch (std::logic_error const& error) {
        std::puts(error.what());
        std::string_view const text = error.what();
        bool const names_it = text.find("of_other_file(asio::io_context&)") != text.npos ||
                              text.find("liblinkage_asio_of_its_own") != text.npos;
        return expected && names_it ? 0 : 1;
    }
    return expected ? 1 : 0;
}
