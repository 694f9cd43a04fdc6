"""`/api/v1/bad-now`: the services that are bad in the last minutes, against the day before them."""

from __future__ import annotations

from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.own.period import read_period, refuse_unknown
from apps.insights.bad_now import Share, bad_now
from apps.traces.moments import MINUTE_NS


class BadNowView(ApiView):
    def get(self, request) -> HttpResponse:
        refuse_unknown(request.GET, ())
        period = read_period(self.workspace_id, {})
        found = bad_now(self.workspace_id, period)
        return json_answer({"is_known": period.reaches_now, "is_whole_day": found.is_whole_day, "services": [
            {
                "service": one.name, "calls_another": one.name in found.callers, "errors": _share(one.errors),
                "slow": _share(one.slow),
            }
            for one in found.services
        ]})  # fmt: skip


def _share(share: Share | None) -> dict | None:
    if share is None:
        return None
    told = {
        "share": round(share.now, 4), "share_before": round(share.before, 4),
        "within_minutes": share.within_ns // MINUTE_NS,
    }  # fmt: skip
    return told if share.over_ns is None else told | {"at_least_ns": share.over_ns}
