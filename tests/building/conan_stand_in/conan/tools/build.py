# SPDX-License-Identifier: BSL-1.0
def check_min_cppstd(recipe, cppstd):
    if int(recipe.settings["compiler.cppstd"]) < cppstd:
        raise RuntimeError(f"C++{recipe.settings['compiler.cppstd']} is not enough: {cppstd}")


def can_run(recipe):
    return True
