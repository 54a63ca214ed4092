#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""test_service.py PROGRAM: starts the service, uses it a little, and checks what its monitor says of it."""

import json
import os
import re
import signal
import sys
import tempfile
import threading

from running import Meanwhile, Service, ask, wait_until


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def check(condition, what, details=""):
    if not condition:
        raise AssertionError(f"{what}\n{details}")


def is_healthy_unless_stuck(service):
    check(service.admin("/health")[0] == 200, "it is healthy", service.admin("/health")[1])
    # Two seconds, of which the last is too long. It must answer all the while.
    with Meanwhile(service.port, "/hang") as hanging:
        unhealthy = ""
        while hanging.is_under_way():
            status, text, _ = service.admin("/health")
            if status == 503:
                unhealthy = text
    check("api: blocked" in unhealthy, "it says so while the api loop is stuck", unhealthy)
    wait_until(lambda: service.admin("/health")[0] == 200, "it is healthy again")


def orders_are_taken(service):
    def take_some():
        for _ in range(50):
            status, body, _ = ask(service.port, "/orders")
            check(status in (200, 503), "orders are answered", f"{status} {body}")
    clients = [threading.Thread(target=take_some) for _ in range(4)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    order = json.loads(wait_until(lambda: (r := service.get("/orders"))[0] == 200 and r, "an order is taken")[1])
    check(order["order"] >= 1, "orders are numbered", order)


def load_is_shed(service):
    """While the jobs loop is stuck, and the second after it, orders are refused at once."""
    with Meanwhile(service.port, "/import") as importing:
        refused = None
        while importing.is_under_way():
            status, _, headers = service.get("/orders")
            if status == 503:
                refused = headers
    for _ in range(100):
        if refused:
            break
        status, _, headers = service.get("/orders")
        if status == 503:
            refused = headers
    check(refused and refused.get("Retry-After") == "1", "orders are refused while jobs are late", refused)


def blocks_are_told(service, log):
    for path, cause, function in (("/config", "blocking_call", "fetch_config"), ("/legacy", "lock", "look_up"),
                                  ("/report", "cpu", "compute_report"), ("/burst", "backlog", "send_a_notification")):
        # A busy machine may make many short handlers look like a few long ones.
        counted = {"loop": "api"} if cause == "backlog" else {"loop": "api", "cause": cause}
        before = service.metric("asio_loop_blocks_total", **counted)
        check(service.get(path)[0] == 200, path)
        wait_until(lambda: service.metric("asio_loop_blocks_total", **counted) > before, f"{path} is counted as {cause}")
        if cause != "backlog":
            wait_until(lambda: function in text_of(log), f"the log names {function}")
    report = text_of(log)
    check(re.search(r"culprit +fetch_config.* at blocking\.cpp:\d+", report), "the log has file and line", report)
    check(re.search(r"why +blocking call: recv\w*\(fd \d+: tcp 127\.0\.0\.1:", report), "the log says why", report)
    ranking = service.admin("/top")[1]
    check(re.search(r"blocking_call +api +fetch_config.* at blocking\.cpp:\d+", ranking), "/top ranks it", ranking)
    page = service.admin("/blocks")[1]
    check("compute_report" in page and page.rstrip().endswith("</html>"), "/blocks is a page that names the culprit")


def is_changed_while_it_runs(service):
    check(service.admin("/monitor/off", "POST")[0] == 200, "it is turned off")
    before = service.metric("asio_loop_blocks_total")
    service.get("/config")
    check(service.admin("/monitor/threshold/1000", "POST")[0] == 200, "the threshold is changed")
    check(service.admin("/monitor/on", "POST")[0] == 200, "it is turned on")
    service.get("/config")
    check(service.metric("asio_loop_blocks_total", cause="blocking_call") <= before, "neither was a block")
    check(service.admin("/monitor/threshold/none", "POST")[0] == 500, "a wrong threshold is refused")


def files_are_rotated(service, log, blocks):
    for file in (log, blocks):
        os.rename(file, file + ".1")
    service.process.send_signal(signal.SIGHUP)
    wait_until(lambda: os.path.exists(log) and "opened anew" in text_of(log), "the log was opened anew")
    # Of a code path that was not told yet: others may have been told enough.
    service.admin("/monitor/threshold/1", "POST")
    service.get("/audit")
    wait_until(lambda: os.path.exists(blocks) and text_of(blocks).endswith("\n"), "blocks were opened anew")
    service.admin("/monitor/threshold/50", "POST")
    for line in text_of(blocks + ".1").splitlines() + text_of(blocks).splitlines():
        check("loopwatch.cause" in json.loads(line), "each line is a block", line)


def main():
    program = os.path.realpath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="loopwatch-service-") as folder:
        log, blocks = os.path.join(folder, "log"), os.path.join(folder, "blocks.jsonl")
        box = os.path.join(folder, "box")
        with Service(program, "--threshold", "50", "--log", log, "--blocks", blocks, "--black-box", box) as service:
            is_healthy_unless_stuck(service)
            orders_are_taken(service)
            load_is_shed(service)
            blocks_are_told(service, log)
            is_changed_while_it_runs(service)
            files_are_rotated(service, log, blocks)
            with open(box, "rb") as file:
                check(b"fetch_config" in file.read(), "the black box has what blocked")
            with Meanwhile(service.port, "/hang") as hanging:
                wait_until(lambda: service.admin("/health")[0] == 503, "it hangs")
                status = service.end()
            check(hanging.answer and hanging.answer[0] == 200, "what was under way is answered", hanging.answer)
            check(status == 0 and "] ended\n" in text_of(log), f"it ends cleanly, not with {status}", text_of(log))
        off = {"LOOPWATCH_OPTIONS": "loopwatch=off"}
        with Service(program, environment=off, log=log) as service:
            service.get("/config")
            check(service.metric("asio_loop_blocks_total") == 0, "nothing is watched when it is off")
            threads = [text_of(f"/proc/{service.process.pid}/task/{each}/comm")
                       for each in os.listdir(f"/proc/{service.process.pid}/task")]
            check(not any(each.startswith("loopwatch") for each in threads), "no thread is started", threads)
    print("all right")


main()
