#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""check_schema.py CHILD SCHEMA: what a really blocked loop writes as JSON lines is what the schema says, and no more."""
import copy
import json
import os
import subprocess
import sys
import tempfile

import jsonschema

child, schema_file = sys.argv[1:]
with open(schema_file) as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "blocks.jsonl")
    subprocess.run([child, "json", path], check=True)
    with open(path, "rb") as file:
        data = file.read()
assert data.endswith(b"\n"), data[-100:]
lines = [json.loads(line) for line in data.decode().splitlines()]
for line in lines:
    validator.validate(line)


def of(function):
    found = [line for line in lines if line.get("code.function.name", "").endswith(function)]
    assert found, (function, lines)
    return found


seen = of("read_catalogue")
assert seen[0]["loopwatch.cause"] == "blocking_call" and seen[0]["loopwatch.duration"] >= 0.03, seen[0]
assert seen[0]["code.file.path"].endswith("stall.hpp") or seen[0]["code.file.path"].endswith("child.cpp"), seen[0]
assert "read_catalogue" in seen[0]["code.stacktrace"], seen[0]
assert seen[0]["thread.id"] > 0 and seen[0]["loopwatch.loop"] == "api", seen[0]
assert any("loopwatch.awaited_by" in line for line in lines), lines
brief = [line for line in lines if line["loopwatch.telling"] == "brief"]
assert brief and all(line["loopwatch.count"] > 1 for line in brief), lines

# The validator is one that refuses.
for key, value in [("loopwatch.unknown", 1), ("thread.id", "42"), ("loopwatch.duration", -1), ("timestamp", "yesterday"),
                   ("code.line.number", 1.5), ("loopwatch.cause", "bad luck"), ("loopwatch.ended", None)]:
    wrong = copy.deepcopy(seen[0])
    wrong[key] = value
    assert not validator.is_valid(wrong), key
for key in schema["required"]:
    wrong = copy.deepcopy(seen[0])
    del wrong[key]
    assert not validator.is_valid(wrong), key
# What exact mode adds, as notice_json.test.cpp has it.
exact = {**seen[0], "loopwatch.handler.operation": "async_read", "loopwatch.handler.completion_handler": "session::on_read",
         "loopwatch.handler.object_type": "socket", "loopwatch.handler.object": "0x7f0012345678",
         "loopwatch.handler.native_handle": 0, "loopwatch.handler.peer": "tcp 127.0.0.1:9000",
         "loopwatch.handler.file": "/src/server.cpp", "loopwatch.handler.line": 31, "loopwatch.handler.started": 1.5,
         "loopwatch.handler.queued": 0,
         "loopwatch.handlers_run": [{"loopwatch.handler.completion_handler": "f", "loopwatch.count": 2}, {"loopwatch.count": 40}]}
validator.validate(exact)
for key, value in [("loopwatch.handler.operation", ""), ("loopwatch.handler.native_handle", -1), ("loopwatch.handler.line", 0),
                   ("loopwatch.handler.started", -1), ("loopwatch.handler.object", 12), ("loopwatch.handlers_run", []),
                   ("loopwatch.handlers_run", [{"loopwatch.count": "2"}])]:
    assert not validator.is_valid({**exact, key: value}), key
wrong = copy.deepcopy(brief[0])
wrong["code.stacktrace"] = seen[0]["code.stacktrace"]
assert not validator.is_valid(wrong)
print(len(lines), "lines are what the schema says")
