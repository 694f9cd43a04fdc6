import random
import time

from apps.insights.bad_now import bad_now
from apps.insights.freshness import held_period
from apps.insights.period import chosen_period
from apps.traces.moments import exact_text
from tests.api.conftest import make_workspace
from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store, store_incident
from tests.store.shop import now_shifted, trace_id_of
from tests.storing import digest_all, send
from tests.traces.build import SpanSpec, traces_data

PATH = "/api/v1/bad-now"


def test_the_service_that_is_bad_stands_before_the_one_that_calls_it(api):
    began_ns = store_incident(minutes=100, slow_minutes=15)
    told = api.json(PATH)
    assert told["is_known"] and not told["is_whole_day"]
    first, second = told["services"]
    assert (first["service"], first["calls_another"]) == ("payment", False)
    assert (second["service"], second["calls_another"]) == ("gateway", True)
    assert first["slow"]["share"] > 0.9 > 0.2 > first["slow"]["share_before"]
    assert first["slow"]["within_minutes"] in (3, 5, 10) and first["slow"]["at_least_ns"] > 10**8
    assert first["since"] == exact_text(began_ns)
    (calls,) = first["calls"]
    assert (calls["kind"], calls["name"], calls["errors"], calls["slow"]) == ("external", "bank-api", None, None)
    assert 11 < calls["times"] < 15 and second["calls"] is None


def test_what_is_as_ever_is_not_told_and_parameters_are_refused(api):
    store_incident(minutes=100, slow_minutes=0)
    assert (api.json(PATH)["services"], api.json(PATH)["stopped"]) == ([], [])
    assert "range" in api.json(PATH, {"range": "1h"}, status=400)["fields"]


def test_who_is_not_called_any_more_has_stopped(api):
    end, dice = last_minute_ns(), random.Random(1)
    store([checkout(n, end - (n + 46) * MINUTE_NS // 5, dice) for n in range(620)])
    make_workspace(2, "Other")
    other = traces_data([SpanSpec("mail", "send", None, 0, 5)], trace_id=trace_id_of(999))
    store([now_shifted(other, end)])
    told = api.json(PATH)["stopped"]
    since = exact_text(end - 9 * MINUTE_NS)
    assert [(one["service"], one["since"], one["is_led_to"]) for one in told] == [
        ("gateway", since, False), ("payment", since, True),
    ]  # fmt: skip
    assert all(4.5 < one["calls_a_minute"] <= 5 for one in told)
    assert bad_now(2, held_period(2, chosen_period("1h", None, None, "", time.time_ns()))).stopped == ()


def test_nothing_crosses_workspaces(api):
    make_workspace(2, "Other")
    end, dice = last_minute_ns(), random.Random(1)
    for n in range(300, 0, -1):
        send(checkout(n, end - n * MINUTE_NS // 3, dice, calls=13 if n < 36 else 1), workspace_id=2)
    digest_all(later_s=120)
    hour = held_period(2, chosen_period("1h", None, None, "", time.time_ns()))
    assert [one.name for one in bad_now(2, hour).services] == ["payment", "gateway"]
    assert api.json(PATH)["services"] == []
