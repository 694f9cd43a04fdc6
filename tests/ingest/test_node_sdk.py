"""The OpenTelemetry SDK for Node.js, unmodified. It sends every body chunked, which Django would read as empty."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.ingest.compare import differences, from_script, kept
from tests.ingest.spans import new_trace_id


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_every_span_arrives_with_every_attribute(encoding, compression, servers, ways_out, sdk_scripts: Path):
    trace_id = new_trace_id()
    url = servers("open").url + "/v1/traces"
    command = ["node", str(sdk_scripts / "send.mjs"), url, encoding, compression, trace_id]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    sent = [from_script(span) for span in json.loads(done.stdout)]
    assert len(sent) == 6

    for way, found in ways_out(trace_id).items():
        assert differences([kept(span) for span in found], sent) == [], way
