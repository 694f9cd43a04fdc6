"""Which lines of a stack trace are the program's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.stacktrace import mark_frames

PYTHON = """Traceback (most recent call last):
  File "/app/payment/bank.py", line 118, in authorise
    response.raise_for_status()
  File "/usr/lib/python3.11/site-packages/httpx/_models.py", line 829, in raise_for_status
    raise HTTPStatusError(message)
httpx.HTTPStatusError: 429
"""
JAVA = """java.lang.IllegalStateException: no stock
\tat shop.Stock.reserve(Stock.java:12)
\tat org.springframework.web.method.support.InvocableHandlerMethod.invoke(InvocableHandlerMethod.java:205)
\tat java.base/java.lang.Thread.run(Thread.java:840)
"""
JAVASCRIPT = """TypeError: x is undefined
    at charge (/srv/app/charge.js:4:11)
    at next (/srv/app/node_modules/express/lib/router/index.js:5:2)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
"""


def library_lines(text: str) -> list[str]:
    return [line.strip() for is_own, lines in mark_frames(text) if not is_own for line in lines.splitlines()]


def test_a_python_frame_takes_its_source_line_along():
    assert library_lines(PYTHON) == [
        'File "/usr/lib/python3.11/site-packages/httpx/_models.py", line 829, in raise_for_status',
        "raise HTTPStatusError(message)",
    ]


@pytest.mark.parametrize(("text", "own"), [(JAVA, "shop.Stock.reserve"), (JAVASCRIPT, "/srv/app/charge.js")])
def test_frames_of_frameworks_are_not_ones_own(text, own):
    grey = library_lines(text)
    assert len(grey) == 2
    assert not any(own in line for line in grey)


@given(st.text())
def test_the_parts_are_the_text(text):
    assert "".join(lines for _, lines in mark_frames(text)) == text
