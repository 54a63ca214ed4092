#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""cost.py PROGRAM [--pairs N] [--seconds S] [--clients N]: what the monitor costs the service. In each pair the same program runs
with LOOPWATCH_OPTIONS=loopwatch=off and with the monitor, one after the other, in an order that changes; wrk asks for
orders, which block nothing. Prints medians of the pairs' ratios, with quartiles."""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys

from running import Service

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def measure(program, threshold, monitored, how):
    environment = {} if monitored else {"LOOPWATCH_OPTIONS": "loopwatch=off"}
    with Service(program, "--threshold", str(threshold), environment=environment, log=os.devnull) as service:
        def load(seconds):
            return subprocess.run(
                ["wrk", "-t1", f"-c{how.clients}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{service.port}/orders"],
                check=True, capture_output=True, text=True).stdout
        load(1)
        before, own_before = service.cpu_seconds(), service.cpu_seconds_of_monitor()
        text = load(how.seconds)
        spent, own = service.cpu_seconds() - before, service.cpu_seconds_of_monitor() - own_before
        requests = int(re.search(r"(\d+) requests in", text).group(1))
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
        return {"requests/s": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
                "p99 in ms": float(p99) * UNITS[unit],
                "CPU time per request in us": spent / requests * 1e6,
                "monitor's own threads, % of a CPU": 100 * own / how.seconds,
                "resident MiB": service.resident_mib(),
                "refused": int(refused.group(1)) if refused else 0}


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3


def compare(program, threshold, how):
    pairs = []
    for number in range(how.pairs):
        order = (False, True) if number % 2 == 0 else (True, False)
        pair = {monitored: measure(program, threshold, monitored, how) for monitored in order}
        pairs.append(pair)
        print(f"  pair {number + 1}: " + ", ".join(
            f"{what} {pair[False][what]:.4g} without, {pair[True][what]:.4g} with" for what in pair[True]), flush=True)
    print(f"threshold {threshold} ms, {how.pairs} pairs of {how.seconds} s, {how.clients} clients")
    print("| | without | with | with to without (quartiles) |\n|---|---|---|---|")
    for what in pairs[0][True]:
        without, watched = (statistics.median(pair[on][what] for pair in pairs) for on in (False, True))
        ratios = [pair[True][what] / pair[False][what] for pair in pairs if pair[False][what]]
        low, middle, high = quartiles(ratios) if ratios else (0, 0, 0)
        text = f"{middle:.3f} ({low:.3f} to {high:.3f})" if len(ratios) == len(pairs) else ""
        print(f"| {what} | {without:.4g} | {watched:.4g} | {text} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--thresholds", type=int, nargs="+", default=[100, 10])
    how = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("This needs wrk (Debian: wrk)")
    for threshold in how.thresholds:
        compare(os.path.realpath(how.program), threshold, how)


main()
