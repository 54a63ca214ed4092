# SPDX-License-Identifier: BSL-1.0
import os
import subprocess


def cmake_layout(recipe):
    recipe.cpp.build.bindir = recipe.build_folder


# Of Conan's, what lets CMake find the packages that are required: their folders. They go before the machine's, and a package's
# own file for CMake before a module of any name that differs by case alone.
class CMakeToolchain:
    def __init__(self, recipe):
        self.recipe = recipe
        self.user_presets_path = "CMakeUserPresets.json"

    def generate(self):
        assert not self.user_presets_path, "it would write among the sources"


class CMake:
    def __init__(self, recipe):
        self.recipe = recipe

    def configure(self, variables={}):
        recipe = self.recipe
        found = {
            "CMAKE_PREFIX_PATH": recipe.package_folders,
            "CMAKE_LIBRARY_PATH": recipe.library_folders,
            "CMAKE_FIND_PACKAGE_PREFER_CONFIG": ["ON"],
            "CMAKE_CXX_STANDARD": [recipe.settings["compiler.cppstd"]],
            "CMAKE_BUILD_TYPE": [recipe.settings["build_type"]],
            "CMAKE_INSTALL_PREFIX": [recipe.package_folder],
            "CMAKE_INSTALL_MESSAGE": ["NEVER"],
        }
        definitions = [f"-D{name}={value}" for name, value in variables.items()]
        definitions += [f"-D{name}={';'.join(map(str, value))}" for name, value in found.items()]
        self._run("cmake", "-S", recipe.source_folder, "-B", recipe.build_folder, *definitions)

    def build(self):
        self._run("cmake", "--build", self.recipe.build_folder)

    def install(self):
        self._run("cmake", "--install", self.recipe.build_folder, "--prefix", self.recipe.package_folder)

    def _run(self, *command):
        print("+", *command, flush=True)
        subprocess.run(list(map(str, command)), check=True)
