# SPDX-License-Identifier: BSL-1.0
"""What the test, the demo and the benchmark have in common: the service as a child process, and requests to it."""

import http.client
import os
import shutil
import signal
import subprocess
import threading
import time

# So that a child does not survive the script, even if that is killed.
WITH_US = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


class Service:
    """Runs the service until the end of a `with`. What it logs is in `log`."""

    def __init__(self, program, *options, environment=None, log=None):
        self.program, self.options, self.log = program, options, log
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        log = open(self.log, "ab") if self.log else None
        self.process = subprocess.Popen(
            [*WITH_US, self.program, *self.options], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
        if log:
            log.close()
        try:
            # listening on 127.0.0.1:PORT, admin on 127.0.0.1:PORT
            ports = [part.rpartition(":")[2] for part in self.process.stdout.readline().split(",")]
            self.port, self.admin_port = (int(port) for port in ports)
        except ValueError:
            self.process.wait()
            raise RuntimeError(f"{self.program} did not start") from None
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()
        self.process.stdout.close()

    def end(self, patience=60):
        """Returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def get(self, path):
        return ask(self.port, path)

    def admin(self, path, method="GET"):
        return ask(self.admin_port, path, method)

    def metric(self, name, **labels):
        """The sum over all series of this name that have these labels."""
        total = 0.0
        for line in self.admin("/metrics")[1].splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name and all(f'{k}="{v}"' in series for k, v in labels.items()):
                total += float(value)
        return total

    def cpu_seconds_of_monitor(self):
        """Of its own threads."""
        total, tasks = 0, f"/proc/{self.process.pid}/task"
        for thread in os.listdir(tasks):
            with open(f"{tasks}/{thread}/comm", encoding="ascii") as name:
                if not name.read().startswith("loopwatch"):
                    continue
            with open(f"{tasks}/{thread}/schedstat", encoding="ascii") as counts:
                total += int(counts.read().split()[0])
        return total / 1e9

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as pages:
            return int(pages.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(port, path, method="GET"):
    """Returns status, body and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


class Meanwhile:
    """Asks for something in another thread, for the length of a `with`. Then `answer` has what ask() returned, or is None."""

    def __init__(self, port, path):
        self.answer = None
        self.thread = threading.Thread(target=self.ask, args=(port, path), daemon=True)

    def ask(self, port, path):
        self.answer = ask(port, path)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join()

    def is_under_way(self):
        return self.thread.is_alive()


def wait_until(condition, what, patience=60):
    until = time.monotonic() + patience
    while not (result := condition()):
        if time.monotonic() > until:
            raise TimeoutError(what)
        time.sleep(0.05)
    return result
