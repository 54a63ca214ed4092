#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Opens the pictures of a program that is really blocked, each in its viewer.

    viewers.py page PROGRAM                  the page, in Chromium
    viewers.py speedscope PROGRAM FOLDER     profile, trace and folded stacks in speedscope, which npm has installed in FOLDER
"""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from browser import Browser  # noqa: E402

CULPRITS = {
    "shop::ask_payment_service(int)",
    "shop::render_invoice<shop::pdf>(int)",
    "shop::read_prices(int)",
    "shop::make_thumbnail(int)",
    "shop::retry_after_pause(int)",
}
REPORT = "document.getElementById('report')"
IS_OPEN = f"!{REPORT}.hidden"
TEXT = "document.getElementById('text').innerText"


class Pictures(unittest.TestCase):
    program = ""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="loopwatch-pictures-")
        cls.folder = pathlib.Path(cls.temporary.name)
        options = f"html='{cls.folder / 'of_process.html'}'"
        subprocess.run([cls.program, cls.folder], check=True, env={**os.environ, "LOOPWATCH_OPTIONS": options})
        cls.browser = Browser(width=1400, height=2000).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.temporary.cleanup()

    def texts(self, selector):
        return self.browser.get(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)")


class Page(Pictures):
    def open(self, name, fragment=""):
        self.browser.open((self.folder / name).as_uri() + fragment)

    def tearDown(self):
        self.assertEqual(self.browser.console, [])

    def test_it_opens_with_the_ranking(self):
        for name in "page.html", "of_process.html":
            with self.subTest(name):
                self.open(name)
                # A busy machine may excuse some, and may show another cause.
                self.assertLessEqual({"shop::ask_payment_service(int)", "shop::make_thumbnail(int)"},
                                     set(self.texts("#ranking tbody a")))
                self.assertIn("blocking call", self.texts("#ranking td.cause"))
                shares = [int(text.rstrip("%")) for text in self.texts("#ranking td.share b")]
                self.assertEqual(shares, sorted(shares, reverse=True))
                self.assertAlmostEqual(sum(shares), 100, delta=len(shares))
                self.assertFalse(self.browser.get(IS_OPEN))
                self.assertIn(" of 2 loops", self.browser.get("document.getElementById('summary').textContent"))

    def test_a_click_on_a_code_path_opens_the_report_of_its_longest_block(self):
        self.open("page.html")
        row = "[...document.querySelectorAll('#ranking tbody tr')].find(e => e.textContent.includes('ask_payment'))"
        longest = self.browser.get(f"{row}.querySelectorAll('.number')[1].textContent")
        self.browser.click(f"{row}.querySelector('.cause')")
        self.browser.until(IS_OPEN)
        text = self.browser.get(TEXT)
        self.assertRegex(text, r'^loop blocked: block \d+ on "api" for ' + re.escape(longest))
        self.assertIn("why      blocking call: recv", text)
        self.assertRegex(text, r"culprit  shop::ask_payment_service\(int\) at program\.cpp:\d+")
        self.assertRegex(text, r"#\d+ +shop::ask_payment_service\(int\)")
        self.assertEqual(self.browser.get("document.querySelectorAll('#text .culprit').length"), 1)

    def test_a_click_on_a_block_of_the_time_line_opens_its_report(self):
        self.open("page.html")
        blocks = self.browser.get("document.querySelectorAll('.loop a').length")
        self.assertEqual(blocks, len(self.texts("#blocks tbody tr")))
        self.assertTrue(any(text.startswith("jobs <nightly>delay to ") for text in self.texts("#names div")))
        self.browser.click("document.querySelectorAll('.loop')[1].querySelector('a')")
        self.browser.until(IS_OPEN)
        number = int(self.browser.get("location.hash").removeprefix("#block-"))
        self.assertEqual(self.browser.get(f"{REPORT}.querySelector('h2').textContent"), f"Block {number} of {blocks}")

    def test_its_address_opens_a_report_and_a_wrong_one_does_not(self):
        self.open("page.html")
        wanted = self.browser.get(
            "[...document.querySelectorAll('#blocks tbody a')].find(e => e.textContent.includes('make_thumbnail')).hash")
        self.open("page.html", wanted)
        self.browser.until(IS_OPEN)
        self.assertIn("shop::make_thumbnail(int)", self.browser.get(TEXT))
        self.assertIn('on "jobs <nightly>" for', self.browser.get(TEXT))
        self.open("page.html", "#block-4711")
        self.assertFalse(self.browser.get(IS_OPEN))

    def test_it_is_read_with_the_keyboard_alone(self):
        self.open("page.html")
        first = "document.querySelector('.loop a')"
        self.browser.get(f"{first}.focus()")
        self.browser.key("ArrowRight")
        second = self.browser.get("document.activeElement.hash")
        self.assertNotEqual(second, self.browser.get(f"{first}.hash"))
        self.browser.key("Enter", "\r")
        self.browser.until(IS_OPEN)
        self.assertEqual(self.browser.get("location.hash"), second)
        self.assertTrue(self.browser.get(f"{REPORT}.contains(document.activeElement)"))
        self.browser.key("Escape")
        self.assertFalse(self.browser.get(IS_OPEN))
        self.assertEqual(self.browser.get("location.hash"), "")
        self.assertEqual(self.browser.get("document.activeElement.hash"), second)

    def test_all_frames_are_shown_on_request(self):
        self.open("page.html", "#block-1")
        self.browser.until(IS_OPEN)
        self.assertRegex(self.browser.get(TEXT), r"\.\.\. \d+ frames in ")
        self.browser.click("document.getElementById('whole')")
        self.assertNotRegex(self.browser.get(TEXT), r"\.\.\. \d+ frames in ")
        self.assertIn("do_run_one", self.browser.get(TEXT))

    def test_blocks_are_found(self):
        self.open("page.html")
        shown = "[...document.querySelectorAll('#blocks tbody tr')].filter(row => !row.hidden).map(row => row.textContent)"
        all_of_them = self.browser.get(shown)
        self.browser.click("document.getElementById('filter')")
        self.browser.write("jobs thumbnail")
        found = self.browser.get(shown)
        self.assertEqual(found, [row for row in all_of_them if "make_thumbnail" in row])

    def test_without_a_block_it_says_so(self):
        self.open("nothing.html")
        self.assertIn("Nothing blocked", self.browser.get("document.body.innerText"))
        self.assertNotIn("By code path", self.browser.get("document.body.innerText"))

    def test_names_are_text_and_never_markup(self):
        self.open("hostile.html", "#block-1")
        self.browser.until(IS_OPEN)
        name = "</script><img src=x onerror=alert(1)>\"'&amp;"
        self.assertIn(name, self.texts("#names div"))
        self.assertIn(name, self.texts("#blocks tbody a")[0])
        self.assertIn(name, self.browser.get(TEXT))
        self.assertEqual(self.browser.get("document.images.length"), 0)

    def test_a_thousand_blocks_are_shown(self):
        self.open("many.html", "#block-1000")
        self.browser.until(IS_OPEN)
        self.assertEqual(self.browser.get("document.querySelectorAll('.loop a').length"), 1000)
        self.assertIn("7 more blocks left out", self.browser.get("document.getElementById('summary').textContent"))
        self.assertLess((self.folder / "many.html").stat().st_size, 1_000_000)


class Speedscope(Pictures):
    installed = ""

    def open(self, name):
        """As its command line does: `speedscope FILE` writes a script, and opens the page with that as its profile."""
        content = base64.b64encode((self.folder / name).read_bytes()).decode()
        script = self.folder / (name + ".js")
        script.write_text(f"speedscope.loadFileFromBase64({json.dumps(name)}, {json.dumps(content)})")
        index = pathlib.Path(self.installed).resolve() / "node_modules/speedscope/dist/release/index.html"
        self.browser.open(index.as_uri() + f"#localProfilePath={script}&view=sandwich")
        self.browser.until("document.querySelectorAll('table tr').length > 2")

    def names(self):
        return {text.strip() for text in self.texts("table tr td:last-child")}

    def test_a_profile_of_each_block(self):
        self.open("blocks.speedscope.json")
        self.assertIn("Importing as speedscope json file", self.browser.console)
        profiles = json.loads((self.folder / "blocks.speedscope.json").read_text())["profiles"]
        longest = max(profiles, key=lambda profile: profile["endValue"])
        self.assertIn(longest["name"], self.browser.get("document.body.textContent"))
        self.assertTrue(self.names() & CULPRITS, self.names())
        self.assertIn("main::{lambda}", self.names())

    def test_folded_stacks(self):
        self.open("blocks.folded")
        self.assertIn("Importing as collapsed stack format", self.browser.console)
        self.assertLessEqual({"api", "jobs <nightly>", "shop::ask_payment_service(int)", "shop::make_thumbnail(int)"},
                             self.names())

    def test_the_trace(self):
        self.open("blocks.trace.json")
        self.assertIn("Importing as Trace Event Format profile", self.browser.console)
        # It shows one track, and with each event's name its arguments.
        self.assertTrue(any(culprit in name for name in self.names() for culprit in CULPRITS), self.names())
        tracks = json.loads((self.folder / "blocks.trace.json").read_text())["traceEvents"]
        names = {event["args"]["name"] for event in tracks if event["name"] == "thread_name"}
        self.assertLessEqual({"api", "jobs <nightly>"}, names)


def main():
    what, Pictures.program, *more = sys.argv[1:]
    test = {"page": Page, "speedscope": Speedscope}[what]
    if more:
        test.installed = more[0]
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(test)
    return not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
