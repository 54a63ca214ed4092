#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""conan_create.py <recipe's folder> <version> <folder>: what `conan create` would do with the recipe, for each of its options, by the
stand-in beside this file. Of Conan's own packages fmt is the machine's; libbacktrace is a folder that has the compiler's."""
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import types

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent / "conan_stand_in"))
from conan import Choices, ConanFile  # noqa: E402

recipe_folder, version, folder = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])


def recipe_of(path, name):
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return next(each for each in vars(module).values() if isinstance(each, type) and ConanFile in each.__bases__)


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found!r}, and not {expected!r}")


def settings(**others):
    return Choices({"os": "Linux", "arch": "x86_64", "compiler": "gcc", "compiler.cppstd": "20", "build_type": "Debug"} | others)


def expect_refused(recipe):
    try:
        recipe.validate()
    except RuntimeError:
        return
    sys.exit("It accepts C++17")


def expect_no_symbolizer_elsewhere():
    loopwatch = recipe_of(recipe_folder / "conanfile.py", "elsewhere")
    recipe = loopwatch(recipe_folder, settings(os="Windows"), Choices(symbolizer="libbacktrace"))
    recipe.config_options()
    recipe.requirements()
    recipe.package_info()
    expect("requires on Windows", [reference.split("/")[0] for reference in recipe.required], ["fmt"])
    expect("system_libs on Windows", recipe.cpp_info.system_libs, [])


def create(symbolizer, requires, system_libs, defines):
    work = folder / symbolizer
    shutil.rmtree(work, ignore_errors=True)
    loopwatch = recipe_of(recipe_folder / "conanfile.py", "recipe")
    assert symbolizer in loopwatch.options["symbolizer"]
    expect("default", loopwatch.default_options["symbolizer"], "libbacktrace")

    # As Conan does it: the recipe and its sources are exported, and then it is not known any more where they came from.
    recipe = loopwatch(recipe_folder, settings(), Choices(symbolizer=symbolizer))
    recipe.set_version()
    expect("version", recipe.version, version)
    recipe.export_sources_folder = work / "source"
    recipe.export_sources()
    exported = work / "export"
    exported.mkdir(parents=True)
    shutil.copy(recipe_folder / "conanfile.py", exported)

    recipe = recipe_of(exported / "conanfile.py", "exported")(exported, settings(), Choices(symbolizer=symbolizer))
    recipe.config_options()
    recipe.requirements()
    expect("requires", [reference.split("/")[0] for reference in recipe.required], requires)
    recipe.validate()
    expect_refused(loopwatch(exported, settings(**{"compiler.cppstd": "17"}), Choices(symbolizer=symbolizer)))
    recipe.source_folder, recipe.build_folder, recipe.package_folder = work / "source", work / "build", work / "package"
    dependency = work / "libbacktrace" / "lib"
    recipe.package_folders = []
    recipe.library_folders = []
    if "libbacktrace" in requires:
        dependency.mkdir(parents=True)
        library = subprocess.run(["c++", "-print-file-name=libbacktrace.a"], check=True, stdout=subprocess.PIPE, text=True)
        (dependency / "libbacktrace.a").symlink_to(library.stdout.strip())
        # CMakeDeps writes such a file of each package that is required; this one's targets are not those that are looked for.
        (dependency.parent / "libbacktrace-config.cmake").write_text("add_library(libbacktrace::libbacktrace INTERFACE IMPORTED)\n")
        recipe.package_folders = [dependency.parent]
        recipe.library_folders = [dependency]
    recipe.build()
    recipe.package()
    recipe.package_info()
    information = recipe.cpp_info
    expect("system_libs", information.system_libs, system_libs)
    expect("defines", information.defines, defines)
    expect("libdirs", information.libdirs, [])
    expect("CMake finds it by", information.properties, {"cmake_find_mode": "none"})
    package = work / "package"
    for name in "include/loopwatch/loopwatch.hpp", "licenses/LICENSE":
        assert (package / name).exists(), name
    return recipe


def try_out(recipe, cache):
    """The recipe's own test_package, against the package, its sources out of reach."""
    work = recipe.build_folder.parent
    shutil.rmtree(recipe.source_folder)
    shutil.rmtree(recipe.build_folder)
    test_folder = recipe_folder / "test_package"
    test = recipe_of(test_folder / "conanfile.py", "test_package")(test_folder, settings(), Choices())
    test.tested_reference_str = f"loopwatch/{version}"
    test.source_folder, test.build_folder = test_folder, work / "test"
    test.package_folder = work / "nowhere"
    test.package_folders = [recipe.package_folder / each for each in recipe.cpp_info.builddirs] + recipe.package_folders
    test.library_folders = recipe.library_folders
    test.cpp = types.SimpleNamespace(build=types.SimpleNamespace())
    output = []

    def run(command, env):
        output.append(subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE, text=True).stdout)

    test.run = run
    test.requirements()
    expect("tests", test.required, [test.tested_reference_str])
    test.layout()
    test.generate()
    test.build()
    test.test()
    print(*output)
    expect("programs run", len(output), 1)
    written = (work / "test" / "CMakeCache.txt").read_text()
    for line in cache:
        assert line in written, f"CMakeCache.txt has no {line}"


expect_no_symbolizer_elsewhere()
try_out(
    create("libbacktrace", ["fmt", "libbacktrace"], ["pthread", "dl"], []),
    [
        "LOOPWATCH_SYMBOLIZER:STRING=LIBBACKTRACE\n",
        "LOOPWATCH_LIBBACKTRACE:STRING=SYSTEM\n",
        f"Libbacktrace_LIBRARY:FILEPATH={folder}/libbacktrace/libbacktrace/lib/libbacktrace.a\n",
    ],
)
create("system", ["fmt"], ["pthread", "dl", "backtrace"], [])
create("libdw", ["fmt", "elfutils"], ["pthread", "dl"], ["LOOPWATCH_LIBDW"])
