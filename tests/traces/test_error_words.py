from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apps.traces.error_words import MAX_MESSAGE, MAX_PATTERN, one_line, pattern_of
from tests.costs import TRIES, within


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        ("Order 48213 not found", "Order {n} not found"),
        ("no answer from api.mail.example within 5000 ms", "no answer from api.mail.example within {n} ms"),
        ("timed out after 1.5s, 30s or 2min", "timed out after {n}s, {n}s or {n}min"),
        ("connect ECONNREFUSED 10.0.0.7:5432", "connect ECONNREFUSED {n}"),
        ("since 2026-11-26 14:05:07.418", "since {n} {n}"),
        ("user u_18842 has no session s_8f3a12bb90", "user u_{n} has no session s_{id}"),
        ("no trace 7f3a1c0d9be24e5f8a6b52d1c4e90377", "no trace {id}"),
        ("no trace 7f3a1c0d-9be2-4e5f-8a6b-52d1c4e90377", "no trace {id}"),
        ("no block deadbeefdeadbeef", "no block {id}"),
        ("segfault at 0x7FFF3A", "segfault at {id}"),
        ("mail to jane.roe+x@mail.example.org bounced", "mail to {email} bounced"),
        ("can't open 'a.txt', don't care", "can't open '…', don't care"),
        ('unique constraint "order_number_key"', 'unique constraint "…"'),
        ("utf8 and sha256 over http2 in v2 of s3", "utf8 and sha256 over http2 in v2 of s3"),
        (
            "503 for POST https://jane:pw@api.parcel.example:8443/v2/labels/48213?key=a#b",
            "{n} for POST https://api.parcel.example:{n}/v2/labels/{n}?…",
        ),
        ("Key (id)=(48213) already exists.", "Key (id)=({n}) already exists."),
        ("deadlock detected: process 4711 waits", "deadlock detected: process {n} waits"),
        ("GET /shops/7/04828798-4a0d-027c-d291-3bcbce22ade8/items/12", "GET /shops/{n}/{id}/items/{n}"),
        (
            "Client error '429 Too Many Requests' for url 'http://b/c/1'",
            "Client error '429 Too Many Requests' for url '…'",
        ),
        ("404 Client Error: Not Found for url: http://b/c/1", "404 Client Error: Not Found for url: http://b/c/{n}"),
        ("HTTP Error 404: Not Found of 12", "HTTP Error 404: Not Found of {n}"),
        ("the server responded with status 503 after 503 ms", "the server responded with status 503 after {n} ms"),
        ("Request failed with status code 502", "Request failed with status code 502"),
        (
            "does not indicate success: 503 (Service Unavailable).",
            "does not indicate success: 503 (Service Unavailable).",
        ),
        ("responded with a status of 404 (Not Found)", "responded with a status of 404 (Not Found)"),
        ("HTTP/1.1 404 for /a/404", "HTTP/1.1 404 for /a/{n}"),
        ("rpc error: code = 14 desc = 14 tries", "rpc error: code = 14 desc = {n} tries"),
        ('{"code":503,"id":503}', '{"code":503,"…":{n}}'),
        ("status 7123, code=48213, status 503.5, code 12", "status {n}, code={n}, status {n}, code {n}"),
        ("first\n  second\tthird\x00\u202e", "first second third"),
        ("the café is closed", "the café is closed"),
        ("", ""),
    ],
)
def test_what_varies_becomes_a_placeholder(message, pattern):
    assert pattern_of(message) == pattern


ODD = st.sampled_from("ab1 0'\"`“”«».,:/-_@{}…?#=()\x00\u202eéx\ud800")
STATUSES = st.sampled_from(
    ("status ", "HTTP", "code=", "404", "503 Service Unavailable", "'429 Too Many Requests'", "14")
)
HOSTILE = st.text(ODD, max_size=80) | st.text(max_size=300)
HOSTILE |= st.lists(ODD | STATUSES, max_size=80).map("".join)


@given(HOSTILE)
def test_a_pattern_is_its_own_pattern_bounded_and_in_one_line(message):
    pattern = pattern_of(message)
    assert pattern_of(pattern) == pattern
    assert len(pattern) <= MAX_PATTERN
    assert pattern == " ".join(pattern.split())
    pattern.encode()


MAILS = st.from_regex(r"[a-z][a-z0-9.+]{0,9}@[a-z][a-z0-9]{0,9}\.(org|example)", fullmatch=True)
SEEN = st.tuples(st.uuids(), st.integers(0, 10**12), MAILS, st.text("xyz ", max_size=30))


@given(SEEN, SEEN)
@example((UUID("761535e4-09c2-7437-c46d-dd70e378e70c"), 0, "a@a.org", ""),
         (UUID("04828798-4a0d-027c-d291-3bcbce22ade8"), 0, "a@a.org", ""))  # fmt: skip
@example((UUID("12345678-0000-1111-2222-333333333333"), 1, "a@a.org", ""), (UUID(int=0), 1, "a@a.org", ""))
def test_occurrences_of_one_error_have_one_pattern(one, other):
    def said(id_, n, mail, text):
        return (
            f"cannot charge {id_} over {n} cents (x={n}) to {mail} for “{text}” at https://bank.example/{n}/{id_}?q={n}"
        )

    assert pattern_of(said(*one)) == pattern_of(said(*other))


@given(st.integers(0, 10**9), st.sampled_from(("status {}", "HTTP {}", "code={}", "'{} Not Found'", "answered {}")))
def test_numbers_that_may_be_a_status_make_few_groups(n, said):
    pattern = pattern_of(said.format(n))
    assert str(n) not in pattern or n < 17 or 400 <= n < 600


@given(st.integers(0, 199))
def test_a_status_cut_in_two_is_a_number(at):
    pattern = pattern_of("x" * at + " status 503 of " + "y" * 200)
    assert pattern_of(pattern) == pattern and len(pattern) <= MAX_PATTERN


@given(st.text(min_size=3, max_size=5000))
def test_a_line_is_bounded_and_safe_to_store(text):
    line = one_line(text, MAX_MESSAGE)
    assert len(line) <= MAX_MESSAGE
    assert ("\x00" not in line and line.isprintable()) or not line
    line.encode()


def test_a_page_of_one_sign_takes_no_time():
    for char in (*"'\"`“‘@.:/-0axé注", "status ", "code ", "http", "404 ", "'404 "):
        texts = iter([f"{char * 100_000} {n}" for n in range(TRIES)])  # of which none is remembered
        # Digest reads thousands of messages in one transaction.
        assert len(within(0.05, lambda texts=texts: pattern_of(next(texts)))) <= MAX_PATTERN
