"""`/api/v1/bad-now`: the services that are bad in the last minutes, against the day before them."""

from __future__ import annotations

from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.own.period import read_period, refuse_unknown
from apps.insights.bad_calls import BadCalls
from apps.insights.bad_now import BadNow, BadService, bad_now
from apps.insights.bad_shares import Share
from apps.insights.stopped import Stopped
from apps.traces.moments import MINUTE_NS, exact_text


class BadNowView(ApiView):
    def get(self, request) -> HttpResponse:
        refuse_unknown(request.GET, ())
        period = read_period(self.workspace_id, {})
        found = bad_now(self.workspace_id, period)
        return json_answer({
            "is_known": period.reaches_now, "is_whole_day": found.is_whole_day,
            "services": [_service(one, found) for one in found.services],
            "stopped": [_stopped(one) for one in found.stopped],
        })  # fmt: skip


def _service(one: BadService, found: BadNow) -> dict:
    return {
        "service": one.name, "calls_another": found.is_caller(one),
        "since": None if one.since_ns is None else exact_text(one.since_ns),
        "errors": _share(one.errors), "slow": _share(one.slow),
        "calls": [_calls(calls) for calls in found.calls] if one is found.services[0] else None,
    }  # fmt: skip


def _stopped(one: Stopped) -> dict:
    return {
        "service": one.name, "since": exact_text(one.since_ns), "calls_a_minute": round(one.calls_a_minute, 1),
        "is_led_to": one.is_led_to,
    }  # fmt: skip


def _share(share: Share | None) -> dict | None:
    if share is None:
        return None
    told = {
        "share": round(share.now, 4), "share_before": round(share.before, 4),
        "within_minutes": share.within_ns // MINUTE_NS,
    }  # fmt: skip
    if share.over_ns is None:
        return told
    return told | {"at_least_ns": share.over_ns, "typical_ns": share.typical_ns and round(share.typical_ns)}


def _calls(one: BadCalls) -> dict:
    """Of what is bad of them only one is told: that they fail, or else that they are slow."""
    fails = one.share is not None and one.share.over_ns is None
    return {
        **one.callee._asdict(), "errors": _share(one.share) if fails else None,
        "slow": None if fails else _share(one.share), "times": one.times and round(one.times, 1),
    }  # fmt: skip
