"""The sentence of a service: what changed, since when, and whether it goes on."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.change import against_in, format_ns
from apps.explorer.says import Said, said
from apps.explorer.services.forms import ServiceForm
from apps.insights.change import UNCLEAR, UNSURE
from apps.insights.one_service import OneService
from apps.insights.period import BEFORE
from apps.insights.turn import Turn
from apps.traces.durations import NBSP, duration_text, format_count, format_percent
from apps.traces.error_words import one_line
from apps.traces.moments import MINUTE_NS, minute_text
from apps.traces.why.ending import GOES_ON, ending_text
from apps.traces.why.finding import Release
from apps.traces.why.words import STRONG, VERSION, WHERE, Word, Words

MAX_VERSION, MAX_NAME = 40, 60
WITH_ERRORS = ("turned", "slower", "faster", "same", "unclear", "no_before")
"""Words of durations, after which the share that failed is told: when it rose; where all else is as before, always."""

WELL = ("same", "unclear", "faster")


@dataclass(frozen=True, slots=True)
class ServiceSaid:
    word: str
    """`turned`: at a moment, or for a stretch of time; `slower`, `faster`, `errors`, `same`, `unclear`, `silent`, `few`
    or `no_before`: one window against the other."""
    words: tuple[Said, ...]
    is_well: bool = False
    """It says of no trouble that it goes on."""


def service_said(found: OneService, form: ServiceForm) -> ServiceSaid:
    teller = _Teller(found, form)
    word = teller.word
    words = [*teller.sentence(word), *(teller.errors() if word in WITH_ERRORS else ())]
    return ServiceSaid(word, said(tuple(one for one in words if one.text), lambda _: ""), teller.is_well)


class _Teller:
    def __init__(self, found: OneService, form: ServiceForm):
        self.found, self.form = found, form
        self.turn = found.turn if found.now.samples else None
        self.subject = Word(found.name, WHERE, found.name)
        self.when = against_in(form.period.against_label)

    @property
    def word(self) -> str:
        found = self.found
        now, before, duration = found.now, found.before, found.duration
        changed = duration.is_change and now.samples and before.samples
        words = (
            ("turned", self.turn is not None and self._tells(self.turn)),
            ("silent", not now.samples), ("no_before", not before.samples),
            ("slower" if duration.is_worse else "faster", changed), ("errors", found.errors.is_worse),
            ("few", duration.word == UNSURE), ("unclear", duration.word == UNCLEAR),
        )  # fmt: skip
        return next((word for word, holds in words if holds), "same")

    @property
    def is_well(self) -> bool:
        turn = self.turn
        is_over = self.word == "turned" and turn is not None and turn.end_ns is not None
        return (is_over or self.word in WELL) and not self.found.errors.is_worse

    def _tells(self, turn: Turn) -> bool:
        """Whether the turn says more than the two windows do: it is in both where one follows the other. Against
        another day that is asked for first. What was over before the window began is told where the windows differ by
        it."""
        period, duration = self.form.period, self.found.duration
        if period.against != BEFORE:
            return not duration.is_change
        return turn.end_ns is None or turn.end_ns > period.window.start_ns or duration.is_change

    def sentence(self, word: str) -> Words:
        if word == "turned":
            return self._turned(self.turn)
        if word in ("slower", "faster"):
            return self._differs()
        now, before = duration_text(self.found.duration.after), duration_text(self.found.duration.before)
        of = (Word("p95 of "), self.subject)
        if word == "silent":
            return self.subject, Word(" sent "), Word("no spans", STRONG), Word(f" {self.form.period.in_this_time}.")
        if word == "no_before":
            return (*of, Word(" is "), Word(now, STRONG), Word("; there is nothing to compare it with."))
        if word == "errors":
            return self.errors()
        if word == "few":
            least = min(self.found.now.samples, self.found.before.samples)
            return (
                Word("Not enough data to compare", STRONG), Word(f" (n{NBSP}={NBSP}{format_count(least)}): "),
                *of, Word(f" is {now}."),
            )  # fmt: skip
        if word == "unclear":
            return (*of, Word(" is "), Word(now, STRONG), Word(f", {before} {self.when}: that may be chance."))
        return (
            self.subject,
            Word(" is "),
            Word("as fast as before", STRONG),
            Word(f": p95 {now}, {before} {self.when}."),
        )

    def _turned(self, turn: Turn) -> Words:
        """`p95 of payment was 1.64 s from 18:18 to 19:04, while 4.12.0 ran; 268 ms before. It is over: 271 ms
        since.`"""
        of = (Word(f"{turn.quantile} of "), self.subject)
        before, inside, start = format_ns(turn.before_ns), format_ns(turn.inside_ns), self._minute(turn.start_ns)
        version = self._with_version(turn)
        if turn.end_ns is not None:
            told = (
                *of, Word(" was "), Word(f"{inside} from {self._from_to(turn)}", STRONG), *version,
                Word(f"; {before} before."),
            )  # fmt: skip
        elif turn.is_more:
            told = (*of, Word(f" went from {before} to "), Word(f"{inside} since {start}", STRONG), *version, Word("."))
        else:
            told = (*of, Word(f" was {before} until {start}, "), Word(f"{inside} since", STRONG), *version, Word("."))
        return (*told, *self._mixed(), *self._then(turn))

    def _differs(self) -> Words:
        """One window against another one, and what happened within: since when it is so, or until when it was."""
        found, turn = self.found, self.turn
        now, before = duration_text(found.duration.after), duration_text(found.duration.before)
        told = [
            Word(f"{found.duration.quantile} of "), self.subject, Word(f" went from {before} {self.when} to "),
            Word(now, STRONG),
        ]  # fmt: skip
        if turn is None or turn.is_more != found.duration.is_worse:
            is_other = turn is not None and turn.end_ns is None
            then = f"; since {self._minute(turn.start_ns)} it is {format_ns(turn.inside_ns)}." if is_other else "."
            # Of a turn that does not match the change the mix explains nothing.
            return (*told, Word(then, STRONG * is_other), *(self._mixed() if turn is None else ()))
        if turn.end_ns is None:
            when = Word(f" since {self._minute(turn.start_ns)}", STRONG)
            return (*told, when, *self._with_version(turn), Word("."), *self._mixed(), *self._then(turn))
        told = (*told, Word(f", for it was {format_ns(turn.inside_ns)} from {self._from_to(turn)}."))
        return (*told, *self._mixed(), *self._then(turn))

    def _mixed(self) -> Words:
        """`It does other work: process orders fell from 41 % to 3 % of its calls; the same work as before takes
        10.9 ms.`"""
        mix = self.found.mix
        if mix is None:
            return ()
        is_over = self.turn is not None and self.turn.end_ns is not None
        did, took = ("It did", "took") if is_over else ("It does", "takes")
        moved = "rose" if mix.after > mix.before else "fell"
        return (
            Word(f" {did} other work: ", STRONG), Word(one_line(mix.work.span_name, MAX_NAME) or "(no name)"),
            Word(f" {moved} from {format_percent(mix.before)} to {format_percent(mix.after)} of its calls; "),
            Word(f"the same work as before {took} {format_ns(mix.same_ns)}."),
        )  # fmt: skip

    def _then(self, turn: Turn) -> Words:
        """Whether it goes on, where the window reaches to now. Other work is no trouble that could be over."""
        if turn.ending is None or self.found.mix is not None:
            return ()
        if turn.ending.word == GOES_ON and not (turn.is_more and self.form.period.reaches_now):
            return ()
        return (Word(f" {ending_text(turn.ending, format_ns, turn.is_more)}", STRONG),)

    def errors(self) -> Words:
        change = self.found.errors
        # Where nothing else is news, all that failed is told.
        is_calm = self.word in ("same", "unclear", "no_before") or self.found.mix is not None
        is_news = change.is_worse or (is_calm and self.found.now.errors)
        if not is_news or change.after is None:
            return ()
        now, before = format_percent(change.after), format_percent(change.before or 0.0)
        lately = self.found.error_lately.text  # durations may be over while errors go on
        then = Word(lately and f" {lately}", STRONG)
        if self.word == "errors":
            return (
                self.subject, Word(f" {'failed' if self.found.error_lately.is_over else 'fails'} more often: "),
                Word(f"{now} of its calls", STRONG),
                Word(f" instead of {before} {self.when}."), then,
            )  # fmt: skip
        period = self.form.period
        when = f" In the {period.label.lower()}, " if period.is_relative else " In this time, "
        compared = "." if change.before is None else f", {before} {self.when}."
        return Word(when), Word(f"{now} of its calls failed", STRONG), Word(compared), then

    def _with_version(self, turn: Turn) -> Words:
        """`, while 4.12.0 ran`, `, when 4.12.0 came`, of what is over `, beginning when 4.12.0 came`."""
        release = self._release_near(turn)
        if release is None:
            return ()
        left_ns = release.left_ns
        is_while = turn.end_ns is not None and left_ns is not None and abs(left_ns - turn.end_ns) <= self._near_ns
        named = Word(one_line(release.version, MAX_VERSION), VERSION)
        when = ", while " if is_while else ", when " if turn.end_ns is None else ", beginning when "
        return Word(when), named, Word(" ran" if is_while else " came")

    def _release_near(self, turn: Turn) -> Release | None:
        close = [r for r in self.found.releases if r.is_new and abs(r.seen_ns - turn.start_ns) <= self._near_ns]
        return min(close, key=lambda r: abs(r.seen_ns - turn.start_ns), default=None)

    @property
    def _near_ns(self) -> int:
        """Within so much a version came, or went, with a change: two steps where these are longer."""
        return max(5 * MINUTE_NS, 2 * self.found.step_ns)

    def _minute(self, at_ns: int) -> str:
        return minute_text(at_ns, self.form.now_ns, self.form.zone)

    def _from_to(self, turn: Turn) -> str:
        """`18:18 to 19:04`, of one that is over."""
        end = minute_text(turn.end_ns, self.form.now_ns, self.form.zone, turn.start_ns)
        return f"{self._minute(turn.start_ns)} to {end}"
