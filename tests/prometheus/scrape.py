#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""A real Prometheus scrapes a service with a monitor, evaluates the alerts of monitoring/, and answers every query of the
dashboard there: scrape.py <service> <checkout> <folder to work in>"""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

service_program, checkout, work = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
monitoring = checkout / "monitoring"
patience = 120  # seconds, for what takes a few of them


def get(url):
    """The status and the answer."""
    try:
        with urllib.request.urlopen(url, timeout=patience) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_until(what, holds):
    until = time.monotonic() + patience
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > until:
            sys.exit(f"Not within {patience} s: {what}")
        time.sleep(0.1)


def check(what, holds):
    if not holds:
        sys.exit(f"Not so: {what}")


class Service:
    def __init__(self):
        self.process = subprocess.Popen([service_program], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def ask(self, path):
        return get(f"http://127.0.0.1:{self.port}{path}")


class Prometheus:
    def __init__(self, target):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        config = {
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"},
            "rule_files": [str(monitoring / "alerts.yml")],
            "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
        }
        (work / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = "http://127.0.0.1:%d" % free.getsockname()[1]
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={work}/prometheus.yml", f"--storage.tsdb.path={work}/data",
             f"--web.listen-address={self.url[7:]}"],
            stdout=subprocess.DEVNULL, stderr=open(work / "log", "w"))

    def is_ready(self):
        check(f"Prometheus runs; {work}/log tells why not", self.process.poll() is None)
        try:
            return get(self.url + "/-/ready")[0] == 200
        except OSError:
            return False

    def query(self, expression):
        """The samples, each with its labels and its value."""
        status, answer = get(self.url + "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        check(f"Prometheus understands {expression}: {answer}", status == 200)
        return [(each["metric"], float(each["value"][1])) for each in json.loads(answer)["data"]["result"]]


def expressions_of(dashboard):
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def values_of_variables(dashboard):
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()


def filled_in(expression):
    expression = expression.replace("$__rate_interval", "1m")
    return re.sub(r"\$(job|instance|loop)\b", ".*", expression)


def test(service, prometheus):
    lint = subprocess.run(["promtool", "check", "metrics"], input=service.ask("/metrics")[1], text=True, capture_output=True)
    check(f"promtool finds nothing: {lint.stdout}{lint.stderr}", lint.returncode == 0 and not lint.stderr)

    # Nothing is told of that is not there.
    served = set(re.findall(r"^# TYPE (\w+)", service.ask("/metrics")[1], re.M))
    for page in [*monitoring.iterdir(), checkout / "docs/monitoring.md"]:
        told = {re.sub("_(bucket|sum|count)$", "", name)
                for name in re.findall(r"\b(?:asio_loop|asio_handler|loopwatch)_[a-z_]*(?:total|seconds(?:_(?:bucket|sum|count))?)\b", page.read_text())}
        check(f"{page} speaks of metrics", told)
        check(f"{page} speaks of {told - served}, which there is not", told <= served)
        if page.suffix == ".md":
            check(f"{page} does not speak of {served - told}", served <= told)

    wait_until("Prometheus is ready", prometheus.is_ready)
    wait_until("both loops are scraped", lambda: len(prometheus.query("asio_loop_heartbeat_age_seconds")) == 2)
    names = {labels["loop"] for labels, _ in prometheus.query("asio_loop_delay_seconds_count")}
    check(f"the loops are {names}", names == {"api", 'db "main"'})
    check("there is no alert", not prometheus.query("ALERTS"))

    def blocked_until(expression):
        service.ask("/block")  # again and again: where the machine is late nobody is blamed
        return prometheus.query(expression)

    wait_until("the blocks are counted",
               lambda: blocked_until('asio_loop_blocks_total{loop="api",cause="blocking_call"} >= 3'))
    wait_until("for how long is counted",
               lambda: blocked_until('asio_loop_blocked_seconds_total{loop="api",cause="blocking_call"} >= 0.1'))
    wait_until("the delays are counted",
               lambda: prometheus.query('asio_loop_delay_seconds_bucket{loop="api",le="+Inf"} '
                                        '- ignoring(le) asio_loop_delay_seconds_bucket{loop="api",le="0.025"} > 3'))

    dashboard = json.loads((monitoring / "grafana_dashboard.json").read_text())
    for title, expression in expressions_of(dashboard):
        wait_until(f'"{title}" shows something: {expression}', lambda: prometheus.query(filled_in(expression)))
    for series, label in values_of_variables(dashboard):
        check(f"{series} has {label}", all(label in labels for labels, _ in prometheus.query(filled_in(series))))

    wait_until("the service is well", lambda: service.ask("/health")[0] == 200)
    service.ask("/hold")
    wait_until("the service is not well", lambda: service.ask("/health")[0] == 503)
    alerts = wait_until("the alert fires", lambda: prometheus.query('ALERTS{alertname="AsioLoopStuck",alertstate="firing"}'))
    check(f"it is of that loop: {alerts}", [labels["loop"] for labels, _ in alerts] == ["api"])
    check("the service is scraped while its loop is stuck", prometheus.query("up") == [
        ({"__name__": "up", "instance": f"127.0.0.1:{service.port}", "job": "shop"}, 1)])
    service.ask("/release")
    wait_until("the alert ends", lambda: not prometheus.query('ALERTS{alertname="AsioLoopStuck"}'))
    wait_until("the service is well again", lambda: service.ask("/health")[0] == 200)


service = Service()
prometheus = Prometheus(service.port)
try:
    test(service, prometheus)
finally:
    for each in (prometheus, service):
        each.process.terminate()
        each.process.wait()
