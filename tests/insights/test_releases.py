"""Versions that came, and whether they have gone again."""

from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.series import Series
from apps.insights.why.releases import releases_in
from apps.traces.sampling import CALL

STEPS = tuple(range(100, 130))


def line(spans_by_step):
    counts = (spans_by_step(at) for at in range(len(STEPS)))
    return tuple(Figures(n * CALL, 0, n, 0, 0) if n else NO_FIGURES for n in counts)


def left_ns(spans_by_step, others=10):
    lines = {("2.0",): line(spans_by_step), ("1.0",): line(lambda at: others)}
    (release,) = releases_in(Series(STEPS, lines), "payment", {"2.0": 110, "1.0": 1})
    assert (release.version, release.is_new) == ("2.0", True)
    return release.left_ns


def test_a_version_that_others_went_on_without_is_gone():
    assert left_ns(lambda at: 3 * (10 <= at < 20)) == 120


def test_a_rare_one_that_may_only_not_have_come_is_not_called_gone():
    assert left_ns(lambda at: int(at in (10, 12, 14, 16))) is None


def test_a_rare_one_is_gone_after_it_should_have_come_many_times():
    assert left_ns(lambda at: int(10 <= at < 14), others=2) == 114


def test_one_that_was_there_a_moment_ago_is_not_gone():
    assert left_ns(lambda at: 3 * (10 <= at < 28)) is None
