#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""follow.py <page> <heading> <checkout> <folder>: does what a section of a page says, in a folder made anew.

Its blocks are carried out in their order: one of shell commands is run; another one is the file that was named last before
it, in backticks. `loopwatch` is the checkout there, and `app.cpp` the program that opens the README; each time that it is run, it
must find what blocks its loop.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

page, heading, checkout, folder = sys.argv[1:]
checkout = pathlib.Path(checkout)
folder = pathlib.Path(folder)

text = pathlib.Path(page).read_text()
sections = re.split(r"^#+ (.*)\n", text, flags=re.MULTILINE)
if heading not in sections[1::2]:
    sys.exit(f'{page} has no section "{heading}"')
section = sections[sections.index(heading) + 1]

shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
(folder / "loopwatch").symlink_to(checkout)
shutil.copy(checkout / "examples" / "minimal.cpp", folder / "app.cpp")

# What the page gets by git, it gets of this checkout as it is now.
commit = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "commit", "--quiet", "--message=As it is now"]
for command in ["init", "--quiet", "--initial-branch=main"], ["add", "."], commit:
    subprocess.run(["git", f"--work-tree={checkout}", f"--git-dir={folder}/loopwatch.git", *command], check=True, cwd=checkout)
environment = {
    **os.environ,
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": f"url.file://{folder}/loopwatch.git.insteadOf",
    "GIT_CONFIG_VALUE_0": "file:///where/it/is/loopwatch",
}

# One shell for all, so that what is exported stays.
script = ""
runs = 0
for before, language, block in re.findall(r"(.*?)^```(\w+)\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL):
    if language == "sh":
        script += block
        runs += len(re.findall(r"^(?:\S*/)app$", block, flags=re.MULTILINE))
    else:
        name = re.findall(r"`([^`\s]+)`", before)[-1]
        (folder / name).write_text(block)
if runs == 0:
    sys.exit(f'"{heading}" runs no app')
print(script, flush=True)
result = subprocess.run(["sh", "-exc", script], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
print(result.stdout)
if result.returncode != 0:
    sys.exit(f"It ended with {result.returncode}")
found = len(re.findall(r"culprit +load_config\(\) at (?:\S*/)?app\.cpp:\d+", result.stdout))
if found != runs:
    sys.exit(f"app was run {runs} times, and found its culprit {found} times")
