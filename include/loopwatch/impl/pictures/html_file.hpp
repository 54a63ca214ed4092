// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../../recording.hpp"
#include "../base/atomic_pointer.hpp"
#include "../base/formatted.hpp"
#include "../base/process_id.hpp"
#include "../base/write_whole.hpp"
#include "../environment/environment.hpp"
#include "../policy/replace_file.hpp"
#include "../report/block_archive.hpp"
#include "html_text.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#if LOOPWATCH_HAS_FORK()
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The name of the page's file in a process: "%p" is the process's number. A child of a fork, if it had blocks of its
/// own, must not write over its parent's page: without a "%p" its number comes before the extension. Pure.
inline std::string name_for_process(std::string name, std::int64_t process, bool is_child)
{
    std::string const number = formatted("{}", {static_cast<long long>(process)});
    std::size_t at = name.find("%p");
    if (at == name.npos && is_child) {
        auto const slash = name.find_last_of('/');
        auto const dot = name.find_last_of('.');
        bool const has_extension = dot != name.npos && dot > 0 && (slash == name.npos || dot > slash + 1);
        name.insert(has_extension ? dot : name.size(), '.' + number);
    }
    for (; at != name.npos; at = name.find("%p", at + number.size())) name.replace(at, 2, number);
    return name;
}

/// The path from the root, so that it is the same at the end of a program that goes to another folder meanwhile.
inline std::string from_root(std::string name)
{
#if LOOPWATCH_HAS_FORK()
    if (name.starts_with('/')) return name;
    char* const here = ::getcwd(nullptr, 0);
    if (here == nullptr) return name;
    name = std::string{here} + '/' + name;
    std::free(here);
#endif
    return name;
}

/// Writes a file in place of the one that has its name; into it, if that is a device or a pipe. Throws:
/// std::runtime_error that says why it can't be written.
inline void put_file(std::string const& name, std::string const& text)
{
#if LOOPWATCH_HAS_FORK()
    struct stat known{};
    if (::stat(name.c_str(), &known) == 0 && !S_ISREG(known.st_mode) && !S_ISDIR(known.st_mode)) {
        int const to = ::open(name.c_str(), O_WRONLY | O_CLOEXEC);
        bool const written = to >= 0 && write_whole(to, text);
        int const why = errno;
        if (to >= 0) ::close(to);
        if (!written) throw std::runtime_error{std::strerror(why)};  // NOLINT(concurrency-mt-unsafe)
        return;
    }
#endif
    replace_file(name, text);
}

/// Tries for a second. At the end of a process a lock may be held by a thread that is not there any more, or by this
/// one, which was interrupted by a signal whose handler ends the process.
template <typename Done>
[[nodiscard]] bool within_a_second(Done const& done)
{
    for (int tries = 0; tries < 500; ++tries) {
        if (done()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return false;
}

/// The page that LOOPWATCH_OPTIONS=html=FILE asks for, which is written when the process ends.
class html_file {
public:
    /// To be called before the first block of the process can occur, so that the page is written after guards in
    /// statics have ended. Does nothing unless the environment asks for a page. `all_reported`: whether there is no
    /// block left that is seen and not reported.
    ///
    /// Throws: std::bad_alloc.
    static void prepare(bool (*all_reported)())
    {
        auto const& name = environment::get().html;
        if (!name || name->empty() || current().load(std::memory_order_acquire) != nullptr) return;
        auto fresh = make_owned<html_file>(from_root(*name), all_reported);
        html_file* none = nullptr;
        block_archive::make();
        if (!current().compare_exchange_strong(none, fresh.get(), std::memory_order_acq_rel)) return;
        static_cast<void>(fresh.release());
        std::atexit([] { current().load(std::memory_order_acquire)->write(); });
    }

    html_file(std::string name, bool (*all_reported)()) : name_{std::move(name)}, all_reported_{all_reported} {}

private:
    LOOPWATCH_SHARED static atomic_pointer<html_file>& current()
    {
        static atomic_pointer<html_file> one{};
        return one;
    }

    void write() const
    {
        std::string name = name_;
        std::string why;
        try {
            static_cast<void>(within_a_second(all_reported_));
            block_archive const& blocks = block_archive::make();
            std::unique_lock hold{block_archive::mutex(), std::defer_lock};
            if (!within_a_second([&] { return hold.try_lock(); })) throw std::runtime_error{"its blocks are in use"};
            if (!blocks.is_own()) return;  // a fork's child that had none
            name = name_for_process(name_, process_id(), !blocks.is_makers());
            recording const what = blocks.all();
            hold.unlock();
            put_file(name, html_text(what));
            return;
        } catch (std::bad_alloc const&) {
            why = "out of memory";
        } catch (std::exception const& wrong) {
            why = wrong.what();
        }
        write_whole(formatted("loopwatch: LOOPWATCH_OPTIONS: html={}: can't be written: {}\n", {name, why}));
    }

    std::string name_;
    bool (*all_reported_)();
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
