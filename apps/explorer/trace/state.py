"""What the trace page's query string says: the whole view, as typed values, and back to a query string."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote

from django.http import QueryDict

from apps.traces.durations import parse_duration_ns

ROW_KEY = re.compile(r"[0-9a-f]{16}(\.[1-9][0-9]{0,4})?\Z")
"""A span id; `.2` and up picks the second and later of the spans that share it."""

MAX_FIND = 200
MAX_KEYS = 400
"""Row keys taken from one list; an address longer than 8 KiB would not come through anyway."""


@dataclass(frozen=True, slots=True)
class TraceState:
    """The view of one trace. Times are offsets from the trace's start in ns, `[from_ns, to_ns)`; None is its edge."""

    span: str = ""
    """Key of the selected row."""
    find: str = ""
    from_ns: int | None = None
    to_ns: int | None = None
    fold: frozenset[str] = frozenset()
    """Rows folded although they are open by default."""
    open: frozenset[str] = frozenset()
    """Rows open although they are folded by default (sibling groups, and all rows when `folded` is set)."""
    folded: bool = False
    """Everything starts folded ("collapse all")."""
    opened: bool = False
    """Nothing starts folded, sibling groups neither ("expand all")."""
    first: int = 0
    """First row of the page, for browsers without JavaScript."""
    back: str = ""
    """Query string of the search that led here."""

    def but(self, **changes) -> TraceState:
        return replace(self, **changes)

    def query(self) -> str:
        """The query string without `?`, "" for the plain view; keys in a fixed order, `span` last."""
        parts = []
        if self.find:
            parts.append("find=" + quote(self.find, safe=""))
        if self.from_ns is not None:
            parts.append("from=" + offset_text(self.from_ns))
        if self.to_ns is not None:
            parts.append("to=" + offset_text(self.to_ns))
        if self.folded or self.opened:
            parts.append("folds=" + ("all" if self.folded else "none"))
        for name, keys in (("fold", self.fold), ("open", self.open)):
            if keys:
                parts.append(f"{name}=" + ",".join(sorted(keys)))
        if self.first:
            parts.append(f"first={self.first}")
        if self.back:
            parts.append("back=" + quote(self.back, safe=""))
        if self.span:
            parts.append("span=" + self.span)
        return "&".join(parts)

    def pairs(self) -> list[tuple[str, str]]:
        """The state as form fields."""
        return parse_qsl(self.query())

    def toggled(self, key: str, is_open: bool) -> str:
        """A link that folds the row when it is open, and opens it when it is not."""
        if is_open:
            return self.href(fold=self.fold | {key}, open=self.open - {key}, first=0)
        return self.href(fold=self.fold - {key}, open=self.open | {key}, first=0)

    def href(self, **changes) -> str:
        """A relative link to this trace with `changes` made."""
        return "?" + self.but(**changes).query()


def read_state(params: QueryDict) -> TraceState:
    """The state a query string asks for. What cannot be read is left out: an old link still opens the trace."""
    start, end = _offset(params.get("from")), _offset(params.get("to"))
    if start is not None and end is not None and end <= start:
        start = end = None
    folds = params.get("folds", "")
    return TraceState(
        span=_key(params.get("span", "")),
        find=params.get("find", "").replace("\0", "").strip()[:MAX_FIND],
        from_ns=start,
        to_ns=end,
        fold=_keys(params.get("fold", "")),
        open=_keys(params.get("open", "")),
        folded=folds == "all",
        opened=folds == "none",
        first=_count(params.get("first")),
        back=params.get("back", "").replace("\0", ""),
    )


def offset_text(offset_ns: int) -> str:
    """An offset as parse_duration_ns reads it back, exactly: `1061.25ms`."""
    whole, rest = divmod(offset_ns, 1_000_000)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".") + "ms"


def _offset(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return parse_duration_ns(text)
    except ValueError:
        return None


def _key(text: str) -> str:
    text = text.strip().lower()
    text = text.removesuffix(".1")
    return text if ROW_KEY.match(text) else ""


def _keys(text: str) -> frozenset[str]:
    return frozenset(key for key in map(_key, text.split(",")[:MAX_KEYS]) if key)


def _count(text: str | None) -> int:
    try:
        return max(0, min(int(text or 0), 10_000_000))
    except ValueError:
        return 0
