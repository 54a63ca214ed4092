# SPDX-License-Identifier: BSL-1.0
import fnmatch
import os
import shutil


def load(recipe, path):
    with open(path) as file:
        return file.read()


def rmdir(recipe, path):
    shutil.rmtree(path, ignore_errors=True)


# The files below src that match the pattern by their path: * stands for / as well.
def copy(recipe, pattern, src, dst, excludes=()):
    for folder, _, names in os.walk(src):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), src)
            if fnmatch.fnmatch(path, pattern) and not any(fnmatch.fnmatch(path, exclude) for exclude in excludes):
                os.makedirs(os.path.dirname(os.path.join(dst, path)), exist_ok=True)
                shutil.copy2(os.path.join(src, path), os.path.join(dst, path))
