"""docs/ingest-answers.md, made from the table that the tests send: `python -m tests.ingest.answers_page`."""

from __future__ import annotations

from pathlib import Path

from tests.ingest.odd_requests import SECTIONS, SMALL_LIMIT_BYTES, Row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ingest-answers.md"

HEAD = f"""# What bad and odd requests get

Made by `python -m tests.ingest.answers_page` from the table in `tests/ingest/odd_requests.py`, every row of which the
tests send to a real server. Requests are protobuf unless a row says JSON; answers are in the request's encoding, and
errors carry a `google.rpc.Status`. "Stored" counts the spans found afterwards (rows that carry spans carry one, or the
two they name). Where no other limit is named, `TRACER_MAX_BODY_BYTES` is 64 MiB (in two rows
{SMALL_LIMIT_BYTES // 2**20} MiB).
"""


def page() -> str:
    parts = [HEAD]
    for title, rows in SECTIONS.items():
        parts.append(f"\n## {title}\n\n| request | answer | says | stored |\n|---|---|---|---|\n")
        parts.extend(_line(row) for row in rows)
    return "".join(parts)


def _line(row: Row) -> str:
    said = "" if row.says in ("", "*") else f"“…{row.says}…”"
    if row.rejected:
        said = f"{row.rejected} rejected: {said}".removesuffix(": ")
    extra = "".join(f", `{name}: {value}`" for name, value in row.answers.items())
    stored = "" if row.stored is None else row.stored
    return f"| {_cell(row.sent)} | {row.status}{_cell(extra)} | {_cell(said)} | {stored} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<key>", "&lt;key&gt;").replace("{", "&#123;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
