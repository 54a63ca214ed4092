// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../base/version_text.hpp"
#include "../base/view.hpp"
#include "../base/wall_clock.hpp"
#include "../platform/doorbell.hpp"
#include "../platform/thread.hpp"
#include "box_layout.hpp"
#include "box_recorder.hpp"
#include "process_bytes.hpp"

#if LOOPWATCH_HAS_UNWINDER()
#include "../symbolize/loaded_code_linux.hpp"
#endif

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

[[noreturn]] inline void refuse_box(std::string const& file, int error, std::string const& why)
{
    throw std::system_error{error, std::generic_category(), "loopwatch: black box " + file + ": " + why};
}

/// A file descriptor, closed in the end. Programs that are started do not inherit it.
class box_descriptor {
public:
    explicit box_descriptor(int number) : number_{number} {}
    box_descriptor(box_descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    box_descriptor(box_descriptor const&) = delete;
    box_descriptor& operator=(box_descriptor const&) = delete;
    box_descriptor& operator=(box_descriptor&&) = delete;
    ~box_descriptor()
    {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int get() const { return number_; }

private:
    int number_;
};

/// The files that this process has boxes in. The lock on a file tells other processes only, and is gone when any
/// descriptor of it is closed.
class boxes_here {
public:
    struct file {
        dev_t device;
        ino_t number;
        friend bool operator==(file const&, file const&) = default;
    };

    static bool contain(file which)
    {
        std::lock_guard const hold{mutex()};
        return first_of(all(), [&](file const& each) { return each == which; }) != nullptr;
    }
    static void add(file which)
    {
        std::lock_guard const hold{mutex()};
        all().push_back(which);
    }
    static void remove(file which)
    {
        std::lock_guard const hold{mutex()};
        remove_if(all(), [&](file const& each) { return each == which; });
    }

private:
    LOOPWATCH_SHARED static std::mutex& mutex()
    {
        static std::mutex one;
        return one;
    }
    LOOPWATCH_SHARED static many<file>& all()
    {
        static auto* const one = new many<file>;  // boxes in statics may end after everything else
        return *one;
    }
};

/// The process that holds the lock on this file; 0: none does.
[[nodiscard]] inline pid_t holder_of_lock(int file)
{
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(file, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return 0;
    return lock.l_pid > 0 ? lock.l_pid : -1;  // -1: one whose number is not known here
}

/// The file, made anew under another name. Where it lies in memory (tmpfs) it is mapped, and written as memory is.
/// Elsewhere a store into a mapped page may wait for the disk, so it is a thread that writes to the file, out of
/// memory.
class box_file final : public box_memory {
public:
    box_file(std::string const& file, std::size_t size)
        : name_{file},
          made_as_{formatted("{}.new.{}", {file, static_cast<long>(::getpid())})},
          size_{size},
          file_{make()}
    {
        try {
            prepare();
        } catch (...) {
            end();
            throw;
        }
    }
    box_file(box_file const&) = delete;
    box_file& operator=(box_file const&) = delete;
    ~box_file() override { end(); }

    [[nodiscard]] view<std::byte> bytes() noexcept override { return {memory_, size_}; }
    [[nodiscard]] bool is_copied() const { return !dirty_.empty(); }

    void changed(std::size_t at, std::size_t size) noexcept override
    {
        if (dirty_.empty()) return;
        for (std::size_t page = at / box_layout::page; page * box_layout::page < at + size; ++page)
            __atomic_store_n(&dirty_[page], std::uint8_t{1}, __ATOMIC_RELEASE);
        bell_.ring();
    }

    /// Gives it its name. What another process has left under that name becomes FILE.1, if it tells of anything.
    void publish()
    {
        copy();
        if (keeps_something(name_) && ::rename(name_.c_str(), (name_ + ".1").c_str()) != 0)
            refuse_box(name_, errno, "can't rename the last process's");
        if (::rename(made_as_.c_str(), name_.c_str()) != 0) refuse_box(name_, errno, "can't rename " + made_as_);
        is_published_ = true;
    }

private:
    [[nodiscard]] box_descriptor make() const
    {
        constexpr int how = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
        constexpr mode_t owner_only = 0600;  // it names files, addresses and functions
        int made = ::open(made_as_.c_str(), how, owner_only);
        // Left by a process that was killed just then, and had this number.
        if (made < 0 && errno == EEXIST && ::unlink(made_as_.c_str()) == 0)
            made = ::open(made_as_.c_str(), how, owner_only);
        if (made < 0) refuse_box(name_, errno, "can't create " + made_as_);
        return box_descriptor{made};
    }

    void prepare()
    {
        // A full disk is told now, and not by a signal at the first store.
        if (int const error = ::posix_fallocate(file_.get(), 0, static_cast<off_t>(size_)); error != 0)
            refuse_box(name_, error, formatted("no room for its {} bytes", {size_}));
        struct statfs system{};
        constexpr decltype(system.f_type) tmpfs = 0x01021994;
        constexpr decltype(system.f_type) ramfs = 0x858458f6;
        bool const in_memory =
            ::fstatfs(file_.get(), &system) == 0 && (system.f_type == tmpfs || system.f_type == ramfs);
        int const how = MAP_POPULATE | (in_memory ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS);
        void* const mapped = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, how, in_memory ? file_.get() : -1, 0);
        if (mapped == MAP_FAILED) refuse_box(name_, errno, "can't map it");
        memory_ = static_cast<std::byte*>(mapped);
        ::mlock(memory_, size_);  // where it is allowed, it is not swapped out either

        struct stat about{};
        if (::fstat(file_.get(), &about) != 0) refuse_box(name_, errno, "can't be read");
        registered_ = {about.st_dev, about.st_ino};
        boxes_here::add(registered_);
        is_registered_ = true;
        struct flock lock{};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        ::fcntl(file_.get(), F_SETLK, &lock);  // so that readers know that it is in use; where there are such locks

        if (in_memory) return;
        dirty_.resize(size_ / box_layout::page);
        copier_ = make_owned<background_thread>("loopwatch-box", [this] { run(); });
    }

    /// Whether the file of this name is to be kept. Throws if it is not to be touched.
    [[nodiscard]] static bool keeps_something(std::string const& name)
    {
        struct stat about{};
        if (::stat(name.c_str(), &about) != 0) {
            if (errno == ENOENT) return false;
            refuse_box(name, errno, "can't be read");
        }
        if (!S_ISREG(about.st_mode)) refuse_box(name, EEXIST, "is no file, and is left as it is");
        if (boxes_here::contain({about.st_dev, about.st_ino}))
            refuse_box(name, EBUSY, "this process records to it already");
        box_descriptor const old{::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
        if (old.get() < 0) refuse_box(name, errno, "can't be read");
        if (pid_t const by = holder_of_lock(old.get()); by != 0)
            refuse_box(name, EBUSY,
                       by > 0 ? formatted("process {} records to it", {static_cast<long>(by)})
                              : std::string{"another process records to it"});
        fixed<std::byte, 1024> header{};
        auto const got = ::pread(old.get(), header.data(), header.size(), 0);
        if (got == 0) return false;
        box_layout layout;
        if (got < 0 || box_layout::read(view<std::byte const>{header}.first(static_cast<std::size_t>(got)), layout) ==
                           box_layout::defect::no_box)
            refuse_box(name, EEXIST, "is no black box, and is left as it is");
        // Of another version it may be anything.
        bool const is_ours = static_cast<std::size_t>(got) == header.size() && layout.places > 0;
        return !is_ours || stored_number(view<std::byte const>{header}, box_layout::used_at) != 0;
    }

    // --- the thread that writes to a disk ---

    void run()
    {
        while (!__atomic_load_n(&stopping_, __ATOMIC_ACQUIRE)) {
            auto const seen = bell_.rung();
            copy();
            if (!__atomic_load_n(&stopping_, __ATOMIC_ACQUIRE)) bell_.wait_until(seen, time_point::max());
        }
    }

    /// A page that is being written meanwhile is copied again. What the file has by then may be torn: its checksum
    /// says so.
    void copy()
    {
        for (std::size_t page = 0; page < dirty_.size(); ++page) {
            if (__atomic_exchange_n(&dirty_[page], std::uint8_t{0}, __ATOMIC_ACQ_REL) == 0) continue;
            // Not by pwrite(), which thread sanitizer takes for a read of ours.
            ::syscall(SYS_pwrite64, file_.get(), memory_ + page * box_layout::page, box_layout::page,
                      page * box_layout::page);
        }
    }

    void end() noexcept
    {
        if (process_ != ::getpid()) return;  // in the child of a fork there is no thread to end, and no lock
        if (copier_) {
            __atomic_store_n(&stopping_, true, __ATOMIC_RELEASE);
            bell_.ring();
            copier_->join();
            copy();
        }
        if (is_registered_) boxes_here::remove(registered_);
        if (memory_ != nullptr) ::munmap(memory_, size_);
        memory_ = nullptr;
        if (!is_published_) ::unlink(made_as_.c_str());
    }

    pid_t const process_{::getpid()};
    std::string const name_;
    std::string const made_as_;
    std::size_t const size_;
    box_descriptor file_;
    std::byte* memory_{nullptr};
    boxes_here::file registered_{};
    bool is_registered_{false};
    bool is_published_{false};
    bool stopping_{false};
    doorbell bell_;
    many<std::uint8_t> dirty_;  // pages to be copied; none if the file is mapped
    owned<background_thread> copier_;
};

[[nodiscard]] inline recorded_process this_process(bool copied)
{
    recorded_process p;
    p.id = ::getpid();
    utsname system{};
    if (::uname(&system) == 0) {
        p.host = static_cast<char const*>(system.nodename);
        p.machine = static_cast<char const*>(system.machine);
    }
#if LOOPWATCH_HAS_UNWINDER()
    p.program = program_path();
#endif
    p.library_version = version_text();
    p.opened_at = clock::now();
    p.opened_at_wall = since_1970(wall_clock::now());
    p.copied = copied;
    return p;
}

/// A modules_finder. Takes a lock of the loader's.
inline bool find_modules(module_changes& since, many<module_place>& to)
{
#if LOOPWATCH_HAS_UNWINDER()
    auto const now = changes_of_modules();
    if (now == since) return false;
    since = now;
    to = places_of_modules();
    return true;
#else
    static_cast<void>(since);
    static_cast<void>(to);
    return false;
#endif
}

[[nodiscard]] inline shared<box_recorder> new_box(std::string const& file, box_layout const& layout)
{
    auto made = make_owned<box_file>(file, layout.size());
    box_file& its = *made;
    recorded_process const process = this_process(its.is_copied());
    shared<box_recorder> box{new box_recorder{owned<box_memory>{made.release()}, layout, process, &find_modules}};
    box->record_modules();
    its.publish();
    return box;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
