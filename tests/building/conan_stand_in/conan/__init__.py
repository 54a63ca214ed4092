# SPDX-License-Identifier: BSL-1.0
"""Stands in for Conan 2 where that can't be had: as much of it as loopwatch's recipe uses, by the names and in the order of Conan's
documentation. What it does not have is an error, so a recipe that comes to use more fails here first."""


class Choices(dict):
    """Settings or options: by attribute, and deleted by attribute."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __delattr__(self, name):
        del self[name]

    def get_safe(self, name, default=None):
        return self.get(name, default)


class Information:
    """package_info() writes it: of what a package has for its users."""

    def __init__(self):
        self.bindirs = ["bin"]
        self.libdirs = ["lib"]
        self.includedirs = ["include"]
        self.builddirs = []
        self.system_libs = []
        self.defines = []
        self.properties = {}

    def set_property(self, name, value):
        self.properties[name] = value


class ConanFile:
    def __init__(self, recipe_folder, settings, options):
        self.recipe_folder = str(recipe_folder)
        self.settings = settings
        self.options = options
        self.cpp_info = Information()
        self.required = []

    def requires(self, reference):
        self.required.append(reference)
