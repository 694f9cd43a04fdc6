import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.paste import recognise
from tests.costs import within

ID = "7f3a1c0d9be24e5f8a6b52d1c4e90377"
SHORT = "8a6b52d1c4e90377"
SPAN = "00f067aa0ba902b7"
PADDED = "0" * 16 + SHORT


@pytest.mark.parametrize(
    "text",
    [
        ID,
        ID.upper(),
        "0x" + ID,
        "7f3a1c0d-9be2-4e5f-8a6b-52d1c4e90377",
        f'"{ID}"',
        f"`{ID}`",
        f"<{ID}>",
        f"{ID},",
        "\ufeff" + ID,
        f"trace_id={ID}",
        f'{{"level":"error","traceId":"{ID}","msg":"x"}}',
        f'\\"trace_id\\": \\"{ID}\\"',
        f"ERROR [trace.id={ID}] boom",
        f"trace.id: {ID}",
        f"TraceID={ID.upper()}",
        f"otelTraceID={ID}",
        f'{{"trace":{{"id":"{ID}"}},"message":"x"}}',
        f"X-B3-TraceId: {ID}",
        f"trace_id=0 dd.trace_id={ID}",
        '2026-11-19 14:32:07 WARN c.e.Orders - trace-id => "7f3a1c0d-9be2-4e5f-8a6b-52d1c4e90377" late',
        "1-7f3a1c0d-9be24e5f8a6b52d1c4e90377",
        "Root=1-7f3a1c0d-9be24e5f8a6b52d1c4e90377;Sampled=1",
        f"request {ID} failed after 3 tries",
        f"X-Cloud-Trace-Context: {ID}/123;o=1",
        f'"logging.googleapis.com/trace":"projects/p/traces/{ID}"',
    ],
)
def test_a_trace_id_is_found(text):
    seen = recognise(text)
    assert (seen.kind, seen.trace_id, seen.span_id) == ("trace_id", ID, None)
    assert seen.said


@pytest.mark.parametrize(
    "text",
    [
        f"00-{ID}-{SPAN}-01",
        f"traceparent: 00-{ID.upper()}-{SPAN}-03",
        f"cc-{ID}-{SPAN}-01-more",
        f"b3: {ID}-{SPAN}-1-{SHORT}",
        f"{ID}-{SPAN}",
        f"uber-trace-id: {ID}:{SPAN}:0:1",
        f"{ID}:f067aa0ba902b7:0:1",
        f"[orders,{ID},{SPAN}] INFO started",
        f"trace_id={ID} span_id={SPAN}",
        f'{{"traceId":"{ID}","spanId":"{SPAN}"}}',
        f"Root=1-{ID[:8]}-{ID[8:]};Parent={SPAN};Sampled=1",
        f"https://jaeger.example/trace/{ID}?uiFind={SPAN}",
        f"http://localhost:8000/t/{ID}?span={SPAN}",
        f"/t/{ID.upper()}?span={SPAN}#x",
        f"https://signoz.example/trace/{ID}?spanId={SPAN}&levelUp=0",
    ],
)
def test_a_trace_id_and_its_span_are_found(text):
    seen = recognise(text)
    assert (seen.kind, seen.trace_id, seen.span_id) == ("trace_id", ID, SPAN)


@pytest.mark.parametrize(
    "text",
    [
        f"http://localhost:16686/trace/{ID}",
        f"http://zipkin/zipkin/traces/{ID}",
        f"http://zipkin/zipkin/?lookback=15m#/traces/{ID}",
        f"look here <https://t.example/t/{ID}|trace>, please",
        f"https://x.example/jaeger/api/traces/{ID}?raw=true",
        "https://g.example/explore?left=%7B%22queries%22:%5B%7B%22query%22:%22" + ID + "%22%7D%5D%7D",
        "https://g.example/explore?panes=%7B%22a%22%3A%7B%22queries%22%3A%5B%7B%22queryType%22%3A%22traceql%22%2C%22query%22%3A%22"
        + ID
        + "%22%7D%5D%7D%7D",
        f"https://x.example/any?traceID={ID}",
        f"https://console.aws.example/xray/home#/traces/1-{ID[:8]}-{ID[8:]}",
        f"https://x.example/api/v1/traces/{ID}.json",
        f"https://app.datadog.example/apm/trace/{ID}",
    ],
)
def test_a_link_to_a_trace_is_followed(text):
    seen = recognise(text)
    assert (seen.kind, seen.trace_id, seen.said) == ("trace_id", ID, "A link to a trace")


def test_links_may_leave_leading_zeros_away():
    assert recognise("http://jaeger/trace/6b52d1c4e90377").trace_id == "6b52d1c4e90377".rjust(32, "0")


@pytest.mark.parametrize("text", [SHORT, SHORT.upper(), "0x" + SHORT])
def test_sixteen_digits_are_a_span_or_a_64_bit_trace(text):
    seen = recognise(text)
    assert (seen.kind, seen.trace_id, seen.span_id) == ("span_id", PADDED, SHORT)


def test_a_span_id_alone_in_a_log_line():
    seen = recognise(f"span_id={SHORT} retrying")
    assert (seen.kind, seen.trace_id, seen.span_id) == ("span_id", PADDED, SHORT)


def test_datadog_ids_are_decimal():
    seen = recognise("[dd.service=shop dd.trace_id=9974213012345668471 dd.span_id=67667974448284343] late")
    assert (seen.trace_id, seen.span_id) == (f"{9974213012345668471:032x}", SPAN)


def test_what_looks_like_an_id_can_still_be_searched_for_as_a_value():
    assert recognise("4000123412341234").values == ("4000123412341234",)
    assert recognise("7f3a1c0d-9be2-4e5f-8a6b-52d1c4e90377").values == ("7f3a1c0d-9be2-4e5f-8a6b-52d1c4e90377",)


@pytest.mark.parametrize(
    ("text", "pairs", "values"),
    [
        ("48213", (), ("48213",)),
        ("ORD-2026/48213", (), ("ORD-2026/48213",)),
        ("ada@example.com", (), ("ada@example.com",)),
        ('"Ada Lovelace"', (), ("Ada Lovelace",)),
        ("order.id=48213", (("order.id", "48213"),), ()),
        (
            'order.id=48213 user.name="Ada Lovelace" eur',
            (("order.id", "48213"), ("user.name", "Ada Lovelace")),
            ("eur",),
        ),
        ("aGVsbG8=", (("aGVsbG8", ""),), ()),
        ("+a/b==", (), ("+a/b==",)),
        ('open "quote', (), ('open "quote',)),
        ("https://shop.example/checkout?step=2", (), ("https://shop.example/checkout?step=2",)),
        ("https://[bad", (), ("https://[bad",)),
        (f"trace_id={'0' * 32}", (("trace_id", "0" * 32),), ()),
        ("=", (), ("=",)),
        ("<script>alert(1)</script>", (), ("<script>alert(1)</script>",)),
        ("<b>", (), ("<b>",)),
        ("(48213)", (), ("48213",)),
        ("f(1) + f(2)", (), ("f(1)", "+", "f(2)")),
        ("(1) and (2)", (), ("(1)", "and", "(2)")),
        ("what happened to order 48213?", (), ("what", "happened", "to", "order", "48213")),
        ('"48213?" 48213, …', (), ("48213?", "48213", "…")),
        ("duration>=300ms", (("duration>", "300ms"),), ()),
        ("order.hash=" + ID, (("order.hash", ID),), ()),
        ("trace_id=48213", (("trace_id", "48213"),), ()),
        ("", (), ()),
    ],
)
def test_anything_else_is_searched_for(text, pairs, values):
    seen = recognise(text)
    assert (seen.kind, seen.pairs, seen.values) == ("query", pairs, values)
    assert seen.trace_id is None


def test_links_to_a_search_become_that_search():
    jaeger = recognise(
        "http://j/search?service=payment&operation=charge&tags=%7B%22order.id%22%3A%2248213%22%7D&limit=20"
    )
    assert jaeger.pairs == (("service.name", "payment"), ("name", "charge"), ("order.id", "48213"))
    zipkin = recognise(
        "http://z/zipkin/?serviceName=payment&spanName=all&annotationQuery=error%20and%20order.id%3D48213"
    )
    assert zipkin.pairs == (("service.name", "payment"), ("order.id", "48213"))


@given(st.one_of(st.text(), st.text(alphabet='0af-:=/"\\{}[]?&%# traceidspnhtp._\n')))
def test_nothing_makes_it_fail(text):
    seen = recognise(text)
    assert seen.kind in ("trace_id", "span_id", "query")
    assert (seen.kind == "query") == (seen.trace_id is None)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 2_000_000,
        "0" * 2_000_000,
        "a:" * 1_000_000,
        "trace_id=" * 200_000,
        "-" * 1_000_000,
        '"' * 1_000_001,
        "[a," * 500_000,
        "http://x/" + "%25" * 500_000,
        "http://x/search?" + "tag=a:b&" * 100_000,
        "http://x/search?tags=" + "[" * 100_000,
        '"trace": {"id": "' * 100_000,
        "=" * 1_000_000,
        "f" * 31 + ":" * 5_000,
        "abcdef0123456789-" * 60_000,
        "x=\\" * 100_000,
        "1-7f3a1c0d-9be24e5f8a6b52d1c4e90377 " * 30_000,
        "\x00" * 1_000_000,
        "trace" + " " * 9_000 + "id",
        "\ud800" * 100,
    ],
)
def test_huge_and_hostile_text_is_answered_at_once(text):
    within(0.1, lambda: recognise(text))
