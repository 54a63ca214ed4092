# SPDX-License-Identifier: BSL-1.0
"""A headless Chromium, to look at pages as their readers do: with clicks and keys.

It is spoken to by Chromium's DevTools protocol (https://chromedevtools.github.io/devtools-protocol/) through a pipe, so that
nothing but Python and Chromium is needed, and no port.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find():
    """Chromium's path, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    def __init__(self, program=None, width=1280, height=900, patience=120):
        self.patience = patience  # seconds; a busy machine takes long to start it
        self.console = []  # what the page writes there, and its exceptions
        self.folder = tempfile.mkdtemp(prefix="loopwatch-browser-")
        to_it, self.to = os.pipe()
        self.from_, from_it = os.pipe()
        self.rest = b""
        self.number = 0
        self.session = None
        words = [
            "--headless", "--remote-debugging-pipe", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
            "--allow-file-access-from-files", f"--user-data-dir={self.folder}", f"--window-size={width},{height}",
        ]
        if os.geteuid() == 0:
            words.append("--no-sandbox")  # it refuses to run as root with it

        def give_it_the_pipes():  # as descriptors 3 and 4, whatever these are here
            ends = os.dup(to_it), os.dup(from_it)
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [program or find(), *words, "about:blank"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, preexec_fn=give_it_the_pipes, close_fds=False,
        )
        os.close(to_it)
        os.close(from_it)
        page = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.send("Browser.close")
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.from_)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- the protocol ---

    def send(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session and not method.startswith("Browser."):
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        return self.number

    def message(self, until):
        while b"\0" not in self.rest:
            if not select.select([self.from_], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self.from_, 1 << 20)
            if not data:
                raise EOFError("the browser has ended")
            self.rest += data
        one, self.rest = self.rest.split(b"\0", 1)
        one = json.loads(one)
        what = one.get("params", {})
        if one.get("method") == "Runtime.consoleAPICalled":
            self.console.append(" ".join(str(each.get("value", each.get("description", ""))) for each in what["args"]))
        elif one.get("method") == "Runtime.exceptionThrown":
            thrown = what["exceptionDetails"]
            self.console.append("Uncaught " + thrown.get("exception", {}).get("description", thrown["text"]))
        elif one.get("method") == "Log.entryAdded" and what["entry"]["level"] == "error":
            self.console.append("Error: " + what["entry"]["text"])
        return one

    def call(self, method, **parameters):
        number = self.send(method, **parameters)
        until = time.monotonic() + self.patience
        while True:
            one = self.message(until)
            if one.get("id") == number:
                if "error" in one:
                    raise RuntimeError(f"{method}: {one['error']}")
                return one["result"]

    # --- what a reader does ---

    def open(self, url):
        """Loads a page, until its scripts have run."""
        self.console.clear()
        self.call("Page.navigate", url="about:blank")  # else a page is not loaded anew for what is behind a '#'
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def get(self, expression):
        """The value of an expression in JavaScript."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression):
        """Waits until the expression is true."""
        until = time.monotonic() + self.patience
        while True:
            try:
                if self.get(expression):
                    return
            except RuntimeError:
                pass  # between two pages
            if time.monotonic() > until:
                raise TimeoutError(f"never true: {expression}")
            time.sleep(0.05)

    def click(self, expression):
        """Clicks in the middle of an element, scrolling to it first."""
        self.get(f"({expression}).scrollIntoView({{block: 'center'}})")
        x, y = self.get(f"(e => {{ const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})({expression})")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, name, text=""):
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowRight": 39, "ArrowLeft": 37}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=codes.get(name, 0),
                      **({"text": text} if text and kind == "keyDown" else {}))

    def write(self, text):
        self.call("Input.insertText", text=text)

    def prefer(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, file):
        """What the window shows, as a PNG."""
        with open(file, "wb") as to:
            to.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
