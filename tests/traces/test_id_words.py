import pytest

from apps.traces.id_words import id_words
from tests.costs import within


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("what happened to order 48213?", ("48213",)),
        ("order #48213, please", ("48213",)),
        ("2026-11-23 14:05:12,345 ERROR c.e.Orders order=48213 took 300ms for ada99@example.com", (
            "48213", "ada99@example.com")),
        ('File "/app/payment/bank.py", line 118, in authorise', ("118",)),
        ("2026-11-23T14:05:12.345Z v1.2.3 10.0.0.1 7 42", ()),
        ("ORD-2026/48213 and ORD-2026/48213", ("ORD-2026/48213",)),
        ("nothing here at all", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_words_like_ids_are_found_in_a_sentence(text, words):
    assert id_words(text) == words


def test_of_many_those_with_the_most_digits_are_taken():
    text = "a1x b2x c3x d4x e5x f6x 48213 g7x ORD-991"
    assert id_words(text) == ("a1x", "b2x", "c3x", "48213", "ORD-991")


def test_no_more_than_five_and_at_once():
    assert len(id_words(" ".join(f"id{n}00" for n in range(2_000)))) == 5
    hostile = ("1" * 2_000_000, "1." * 1_000_000, "#" * 2_000_000, "11 " * 500_000)
    within(0.2, lambda: [id_words(text) for text in hostile])
