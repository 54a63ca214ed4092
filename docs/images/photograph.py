#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Photographs a page of what blocked, as docs/pictures.md shows it: photograph.py PAGE FOLDER"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from browser import Browser  # noqa: E402

page, folder = map(pathlib.Path, sys.argv[1:])
with Browser(width=1240, height=700) as browser:
    browser.open(page.resolve().as_uri())
    browser.screenshot(folder / "page.png")
    browser.prefer("dark")
    browser.click("[...document.querySelectorAll('#ranking .cause')].find(e => e.textContent === 'lock')")
    browser.until("!document.getElementById('report').hidden")
    browser.screenshot(folder / "page-report.png")
