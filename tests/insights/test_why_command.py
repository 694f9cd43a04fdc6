"""`manage.py why`: what it says of names that were never seen, and of those that are silent."""

import random
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store_incident
from tests.storing import send

pytestmark = pytest.mark.usefixtures("store")
SILENT = {"before": "2026-01-01/2026-01-02", "after": "2026-01-02/2026-01-03"}


def told_by_command(*names: str, **options) -> str:
    out = StringIO()
    call_command("why", *names, no_attributes=True, stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("nosuch",), "No service nosuch was ever seen."),
        (("Gatewya",), "No service Gatewya was ever seen. Similar: gateway."),
        (("nosuch", "POST /checkout"), "No service nosuch was ever seen."),
        (("payment", "INSERT charges"), "No span INSERT charges of payment is known. Similar: INSERT charge, "),
        (("gateway", "x" * 300), f"No span {'x' * 79}… of gateway is known."),
    ],
)
def test_a_name_that_was_never_seen_is_an_error_that_names_similar_ones(names, says):
    store_incident(minutes=6, slow_minutes=2)
    with pytest.raises(CommandError) as told:
        told_by_command(*names)
    assert str(told.value).startswith(says) and told.value.returncode == 1


def test_a_name_that_is_only_silent_is_no_error():
    store_incident(minutes=6, slow_minutes=2)
    assert told_by_command("gateway", "POST /checkout", **SILENT).startswith(
        "No trace of POST /checkout began in these"
    )
    assert told_by_command("payment", "INSERT charge", **SILENT).startswith("No trace of INSERT charge began in these")
    assert told_by_command("payment", **SILENT).startswith("No trace of payment began in these times.")


def test_what_arrived_and_is_not_digested_yet_is_not_said_to_be_unknown():
    send(*(checkout(n + 1, last_minute_ns() - n * MINUTE_NS, random.Random(n)) for n in range(20)))
    assert (
        told_by_command("gateway", "POST /checkout")
        .replace("\u00a0", " ")
        .startswith("Not enough traces to compare POST /checkout: n = 0")
    )


def test_where_not_all_span_names_are_listed_none_is_said_to_be_unknown(monkeypatch):
    store_incident(minutes=6, slow_minutes=2)
    monkeypatch.setattr("apps.insights.why.known.are_span_names_cut", lambda *_: True)
    assert told_by_command("gateway", "GET /beyond").startswith("No trace of GET /beyond began in these times.")
