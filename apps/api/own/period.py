"""`range`, `start`, `end` and `against` of the addresses that answer with figures, read as the pages read them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from apps.api.problem import Problem
from apps.insights.freshness import held_period
from apps.insights.period import AGAINST, PRESETS, Period, chosen_period, too_long_for
from apps.traces.moments import exact_text, parse_instant_ns, zone_named
from apps.traces.search_window import CUSTOM

PERIOD_NAMES = ("range", "start", "end", "tz", "against")


def read_period(workspace_id: int, params: Mapping[str, str]) -> Period:
    """The period of a query string, as far as it is held. Raises Problem 400 with what is wrong, by parameter."""
    now_ns = time.time_ns()
    wrong: dict[str, str] = {}
    zone = zone_named(params.get("tz") or "UTC")
    if zone is None:
        wrong["tz"] = "This is not a time zone. Write a name such as Europe/Prague, or UTC."
    for name, known in (("range", [*PRESETS, CUSTOM]), ("against", AGAINST)):
        if params.get(name, "") not in ("", *known):
            wrong[name] = f"Choose one of: {', '.join(known)}."
    ends: dict[str, int | None] = {"start": None, "end": None}
    for name in ends:
        try:
            ends[name] = parse_instant_ns(params[name], zone, now_ns) if zone and params.get(name) else None
        except ValueError as error:
            wrong[name] = str(error)
    if not wrong:
        try:
            against = params.get("against", "")
            period = chosen_period(params.get("range", ""), ends["start"], ends["end"], against, now_ns)
            if against not in ("", period.against):
                longer = f"{too_long_for(against)}, and would be compared with part of itself."
                wrong["against"] = f"{longer} Choose one of: {', '.join(period.comparable)}."
        except ValueError as error:
            wrong["end"] = str(error)
    if wrong:
        raise Problem(400, "The period cannot be read.", fields=wrong)
    return held_period(workspace_id, period)


def refuse_unknown(params: Mapping[str, str], known: tuple[str, ...]) -> None:
    """Raises Problem 400 for a parameter that means nothing here: a typing error would otherwise go unnoticed."""
    wrong = {name: "This parameter is not known here." for name in params if name not in known}
    if wrong:
        raise Problem(400, "The address cannot be read.", fields=wrong)


def period_object(period: Period) -> dict:
    """The windows as they were read: whole minutes, older edges on longer buckets; up to what is digested."""
    return {
        "start": exact_text(period.window.start_ns), "end": exact_text(period.window.end_ns),
        "is_behind": period.is_behind,
        "against": period.against, "is_against_behind": period.is_compared_behind,
        "against_start": exact_text(period.compared.start_ns), "against_end": exact_text(period.compared.end_ns),
    }  # fmt: skip
