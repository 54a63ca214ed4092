# SPDX-License-Identifier: BSL-1.0
# For Conan 2, from this checkout: conan create cmake/packaging/conan --build=missing
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake
from conan.tools.files import copy, load, rmdir


class Loopwatch(ConanFile):
    name = "loopwatch"
    description = "Finds the code that blocks an Asio event loop"
    license = "BSL-1.0"
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    # What reads debug information. "system" is what CMake finds on the machine, gcc's own libbacktrace at least.
    options = {"symbolizer": ["libbacktrace", "libdw", "system"]}
    default_options = {"symbolizer": "libbacktrace", "elfutils/*:shared": True}
    generators = "CMakeToolchain", "CMakeDeps"
    no_copy_source = True

    @property
    def _checkout(self):
        return os.path.join(self.recipe_folder, "..", "..", "..")

    # version.hpp is the one source of the version.
    def set_version(self):
        text = load(self, os.path.join(self._checkout, "include", "loopwatch", "version.hpp"))
        self.version = ".".join(re.findall(r"define LOOPWATCH_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", text, re.MULTILINE))

    def export_sources(self):
        for pattern in "CMakeLists.txt", "LICENSE", "include/*.hpp", "cmake/*", "tools/*", "docs/*.json":
            copy(self, pattern, self._checkout, self.export_sources_folder, excludes=("*/conan/*", "*/vcpkg/*"))

    def config_options(self):
        if self.settings.os != "Linux":  # elsewhere nothing is captured, so nothing is named
            del self.options.symbolizer

    @property
    def _symbolizer(self):
        return self.options.get_safe("symbolizer", "system")

    def requirements(self):
        self.requires("fmt/[>=8 <13]")
        if self._symbolizer == "libbacktrace":
            self.requires("libbacktrace/cci.20240730")
        elif self._symbolizer == "libdw":
            self.requires("elfutils/[>=0.186]")

    def validate(self):
        check_min_cppstd(self, 20)

    # Nothing is compiled before the program that uses it; of what it is made with, only the symbolizer is told to CMake.
    def package_id(self):
        self.info.settings.clear()
        self.info.requires.clear()

    def build(self):
        cmake = CMake(self)
        cmake.configure(variables={
            "LOOPWATCH_TESTS": "OFF",
            "LOOPWATCH_EXAMPLES": "OFF",
            "LOOPWATCH_SYMBOLIZER": {"libbacktrace": "LIBBACKTRACE", "libdw": "LIBDW", "system": "AUTO"}[str(self._symbolizer)],
            "LOOPWATCH_LIBBACKTRACE": "SYSTEM" if self._symbolizer == "libbacktrace" else "AUTO",
        })

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        rmdir(self, os.path.join(self.package_folder, "share", "doc"))
        rmdir(self, os.path.join(self.package_folder, "lib"))  # for pkg-config Conan writes its own files

    # CMake's users have loopwatch::loopwatch, compiled once, of loopwatch's own package; others have the headers.
    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("share", "loopwatch")]
        if self.settings.os == "Linux":
            self.cpp_info.system_libs = ["pthread", "dl"]
            if self._symbolizer == "libdw":
                self.cpp_info.defines = ["LOOPWATCH_LIBDW"]
            elif self._symbolizer == "system":
                self.cpp_info.system_libs.append("backtrace")
