"""Rows are written without a template, so what escapes their texts is tested by itself."""

import re
from dataclasses import fields, replace

import pytest
from django.utils.safestring import mark_safe

from apps.explorer.trace.row_html import rows_html
from apps.explorer.trace.rows import Pill, RowView

HOSTILE = "\"><img src=x onerror='alert(1)'>&"
PLAIN = RowView(
    key="0000000000000001", number=1, level=1, classes="wr", is_open=None, is_selected=False,
    href="?span=1#r-1", fold_href="", indent_px=0, guides=mark_safe(""), hue="s1", icon="out", service="shop", times="",
    name="GET /", peer="", error=None, errors_below="", aside="", pills=(), duration="1 ms", lane=mark_safe(""),
    starts="starts at +0 ns",
)  # fmt: skip
OURS = {"classes", "hue", "icon", "times"}
"""Numbers and names that no span has a say in."""
TEXTS = {field.name for field in fields(RowView) if field.type in ("str", "str | None")} - OURS


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_text_of_a_row_stays_text(name):
    html = rows_html([replace(PLAIN, is_open=True, **{name: HOSTILE})])
    assert "&lt;img src=x onerror=&#x27;alert(1)&#x27;&gt;&amp;" in html
    assert "<img" not in html and HOSTILE not in html


@pytest.mark.parametrize("pill", [Pill(HOSTILE, "warn", "retry"), Pill("copy", "warn", "", HOSTILE)])
def test_every_text_of_a_pill_stays_text(pill):
    html = rows_html([replace(PLAIN, pills=(pill,))])
    assert "&lt;img" in html and "<img" not in html


def test_one_line_a_row_and_every_element_closed():
    html = rows_html([replace(PLAIN, is_open=False, error="500", indent_px=12, service=""), PLAIN])
    assert len(html.split("\n")) == 2
    for tag in ("div", "span", "svg", "a", "bdi", "b"):
        assert len(re.findall(rf"<{tag}[ >]", html)) == html.count(f"</{tag}>"), tag
