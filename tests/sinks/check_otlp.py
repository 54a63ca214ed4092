#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""check_otlp.py CHILD INSTALLED: what a really blocked loop writes as OTLP is read by OpenTelemetry's own definitions.

These are in a package of npm, unpacked in the folder INSTALLED on first use. protobuf's reader refuses members that are
not defined, and values of other types.
"""
import base64
import fcntl
import glob
import os
import subprocess
import sys
import tempfile
import time

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

child, installed = sys.argv[1:]
definitions = os.path.join(installed, "package/build/protos")
os.makedirs(installed, exist_ok=True)
with open(os.path.join(installed, "lock"), "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)  # two build folders may start at once
    if not os.path.exists(os.path.join(installed, "complete")):
        # The last version that has them as text.
        packed = subprocess.run(["npm", "pack", "--silent", "--fetch-retries=1",
                                 "@opentelemetry/otlp-grpc-exporter-base@0.34.0"], cwd=installed)
        if packed.returncode != 0:
            # No fault of what is tested: as what is left out for want of a program, but in continuous integration.
            if os.environ.get("CI") == "true":
                sys.exit("npm does not reach its registry")
            print("Left out here: npm does not reach its registry")
            sys.exit()
        for package in glob.glob(os.path.join(installed, "*.tgz")):
            subprocess.run(["tar", "xzf", package, "-C", installed], check=True)
        open(os.path.join(installed, "complete"), "w").close()


def compiled(name):
    """The class of a message, as OpenTelemetry defines it."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["protoc", "-I", definitions, "--include_imports", "-o", file.name,
                        "opentelemetry/proto/trace/v1/trace.proto"], check=True)
        every = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for each in every.file:
        pool.Add(each)
    message = pool.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(message)
    return message_factory.MessageFactory(pool).GetPrototype(message)


TracesData = compiled("opentelemetry.proto.trace.v1.TracesData")

began = time.time_ns()
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "spans.jsonl")
    subprocess.run([child, "otlp", path], check=True)
    with open(path) as file:
        lines = file.read().splitlines()
ended = time.time_ns()


def as_hex(identifier):
    """OTLP's JSON has hexadecimal ids, which protobuf's reader takes for base64."""
    return base64.b64encode(identifier).decode()


def value_of(value):
    return getattr(value, value.WhichOneof("value"))


spans = []
for line in lines:
    # No enumeration by its name: OTLP allows numbers only.
    assert '"SPAN_KIND' not in line and '"STATUS_CODE' not in line, line
    data = json_format.Parse(line, TracesData())
    resource = {each.key: value_of(each.value) for each in data.resource_spans[0].resource.attributes}
    assert resource == {"service.name": "shop", "deployment.environment.name": "test"}, resource
    scope = data.resource_spans[0].scope_spans[0]
    assert scope.scope.name == "loopwatch" and scope.scope.version, scope.scope
    assert len(scope.spans) == 1
    spans.append(scope.spans[0])

assert len(spans) >= 3, lines
assert len({span.trace_id for span in spans}) == len(spans)
assert len({span.span_id for span in spans}) == len(spans)
for span in spans:
    for identifier, digits in [(span.trace_id, 32), (span.span_id, 16)]:
        text = as_hex(identifier)
        assert len(text) == digits and set(text) <= set("0123456789abcdef"), text
    assert not span.parent_span_id
    assert span.kind == 1  # SPAN_KIND_INTERNAL
    assert began <= span.start_time_unix_nano < span.end_time_unix_nano <= ended, span
    attributes = {each.key: value_of(each.value) for each in span.attributes}
    assert len(attributes) == len(span.attributes)
    length = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
    assert abs(length - attributes["loopwatch.duration"]) < 1e-6, (length, attributes)
    assert attributes["loopwatch.ended"] is True and attributes["loopwatch.loop"] == "api", attributes
    for event in span.events:
        assert event.name == "stack"
        assert span.start_time_unix_nano <= event.time_unix_nano <= span.end_time_unix_nano + 10**9, span

slept = [s for s in spans if s.name.startswith("loop blocked in ") and s.name.endswith("read_catalogue")]
assert slept, [span.name for span in spans]
assert slept[0].status.code == 2  # STATUS_CODE_ERROR
assert any("read_catalogue" in value_of(each.value) for each in slept[0].events[0].attributes)

# The reader is one that refuses.
for before, after in [('"traceId"', '"traceID"'), ('"kind":1', '"kind":"x"'), ('"stringValue"', '"string_valu"')]:
    assert before in lines[0]
    try:
        json_format.Parse(lines[0].replace(before, after), TracesData())
    except json_format.ParseError:
        continue
    raise AssertionError(after)
print(len(spans), "spans are OpenTelemetry's")
