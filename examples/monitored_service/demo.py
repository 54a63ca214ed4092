#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""demo.py PROGRAM PAGE [--stay]: runs the service beside a Prometheus server, under load, and has some requests block its loops.
Shows the alerts that fire, the ranking, the report, and writes the page. With --stay all is served until it is interrupted."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from running import WITH_US, Meanwhile, Service, ask, wait_until

RULES = pathlib.Path(__file__).resolve().parents[2] / "monitoring" / "alerts.yml"
# For years it is minutes, for a demo seconds.
SHORTER = ((r"\[5m\]", "[20s]"), (r"\[1[05]m\]", "[30s]"), ("for: 10m", "for: 3s"), ("age_seconds > 5", "age_seconds > 1"))
CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [alerts.yml]
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def say(text=""):
    print(text, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Child:
    """A program that is gone after the `with`, also if that is left by an interrupt."""

    def __init__(self, *command, log):
        self.command, self.log = command, log

    def __enter__(self):
        with open(self.log, "wb") as log:
            # Ctrl-C is for this script, which then ends its children in order.
            self.process = subprocess.Popen(
                [*WITH_US, *self.command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        return self.process

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def prometheus(folder, port, service):
    rules = RULES.read_text(encoding="utf-8")
    for pattern, replacement in SHORTER:
        rules = re.sub(pattern, replacement, rules)
    (folder / "alerts.yml").write_text(rules, encoding="utf-8")
    (folder / "prometheus.yml").write_text(CONFIGURATION.format(port=service.admin_port), encoding="utf-8")
    return Child("prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}", log=folder / "prometheus.log")


def answers(port):
    try:
        return ask(port, "/-/ready")[0] == 200
    except OSError:
        return False


def alerts(port):
    return json.loads(ask(port, "/api/v1/alerts")[1])["data"]["alerts"]


def query(port, expression):
    found = json.loads(ask(port, "/api/v1/query?query=" + urllib.parse.quote(expression))[1])["data"]["result"]
    return float(found[0]["value"][1]) if found else None


def block_until_alerts_fire(service, port, patience=45):
    """One request that blocks after the other. Returns each alert as it was when it fired first."""
    wanted, fired = {"AsioLoopStuck", "AsioLoopBlocked"}, {}
    until = time.monotonic() + patience
    while not wanted <= fired.keys() and time.monotonic() < until:
        for path in ("/config", "/report", "/legacy", "/import", "/config", "/hang"):
            service.get(path)
            for alert in alerts(port):
                if alert["state"] == "firing" and alert["labels"]["alertname"] not in fired:
                    fired[alert["labels"]["alertname"]] = alert
                    say(f"  {alert['labels']['alertname']} ({alert['labels']['severity']}): {alert['annotations']['summary']}")
                    say(f"      {alert['annotations']['description']}")
    return wanted <= fired.keys()


def full_report(log):
    """The first one of the log: up to the next line of it."""
    text = log.read_text(encoding="utf-8")
    found = re.search(r"^\[[^\n]*loop blocked: [^\n]*\n(?:(?!\[)[^\n]*\n)*  fix [^\n]*\n", text, re.M)
    return found.group(0) if found else ""


def run(program, page, stays, folder):
    log = folder / "service.log"
    port = free_port()
    with Service(program, "--threshold", "50", "--log", str(log)) as service, \
            prometheus(folder, port, service), \
            Child("wrk", "-t1", "-c8", "-d600s", f"http://127.0.0.1:{service.port}/orders", log=folder / "wrk.log"):
        wait_until(lambda: answers(port), "Prometheus does not answer")
        say(f"the service at http://127.0.0.1:{service.port}/orders, with 8 clients that do not stop; "
            f"its numbers at http://127.0.0.1:{service.admin_port}/metrics")
        say(f"Prometheus at http://127.0.0.1:{port}/alerts, with {RULES.name}, in seconds instead of minutes")
        wait_until(lambda: query(port, "count(asio_loop_blocks_total)"), "Prometheus has scraped nothing")
        say("\nNow some requests block the loops. What fires:")
        fired = block_until_alerts_fire(service, port)
        say("\nGET /health while the api loop hangs:")
        show_health(service)
        say("\nGET /top: what held the loops longest:")
        say(service.admin("/top")[1])
        say("The log tells the first block of each code path in full:")
        say(full_report(log))
        page.write_text(service.admin("/blocks")[1], encoding="utf-8")
        say(f"The page is http://127.0.0.1:{service.admin_port}/blocks while the service runs, and was written to {page}")
        if not fired:
            say("Not all alerts have fired: this machine is too busy, or something is wrong.")
        if stays:
            say("All is served until you press ctrl-C.")
            signal.pause()
    return 0 if fired else 1


def show_health(service):
    with Meanwhile(service.port, "/hang") as hanging:
        while hanging.is_under_way():
            status, text, _ = service.admin("/health")
            if status == 503:
                say(f"  {status} " + text.replace("\n", "\n      ").rstrip())
                break


def main():
    program, page, *options = sys.argv[1:]
    for needed in ("prometheus", "wrk"):
        if not shutil.which(needed):
            sys.exit(f"This needs {needed} (Debian: {needed})")
    # Not KeyboardInterrupt's traceback: it is how one ends this.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    with tempfile.TemporaryDirectory(prefix="loopwatch-demo-") as folder:
        try:
            return run(os.path.realpath(program), pathlib.Path(page), "--stay" in options, pathlib.Path(folder))
        except KeyboardInterrupt:
            say("\nended")
            return 130


sys.exit(main())
