"""The heading of the map: what is bad now on all of it, or what else changed most."""

from __future__ import annotations

from collections import Counter

from apps.explorer.change import against_in, format_rate
from apps.explorer.map.look import shown_name
from apps.explorer.map.said import durations_said, node_said, nothing_before
from apps.explorer.map.text import cut_to
from apps.insights.lasting import Endings
from apps.insights.lately import UNSURE_YET, Lately
from apps.insights.map_change import (
    BACK_EDGE,
    BAD_WORDS,
    FASTER_EDGE,
    FEWER_CALLS,
    FEWER_ERRORS,
    GONE_EDGE,
    MORE_CALLS,
    MORE_ERRORS,
    NEW_EDGE,
    SLOWER_EDGE,
    TROUBLE,
    WORDS,
    is_unclear,
)
from apps.insights.map_graph import leading_to
from apps.insights.period import digested_words
from apps.insights.service_map import MapEdge, MapNode, ServiceMap
from apps.traces.durations import counted, format_count, format_percent
from apps.traces.peers import Node
from apps.traces.why.ending import GOES_ON, OVER
from apps.traces.why.words import STRONG, WHERE, Word, Words

SAID = {
    SLOWER_EDGE: ("got slower", "got slower"),
    MORE_ERRORS: ("has more errors", "have more errors"),
    MORE_CALLS: ("makes more calls per request", "make more calls per request"),
    NEW_EDGE: ("is new", "are new"),
    BACK_EDGE: ("is called again", "are called again"),
    GONE_EDGE: ("is gone", "are gone"),
    FASTER_EDGE: ("got faster", "got faster"),
    FEWER_ERRORS: ("has fewer errors", "have fewer errors"),
    FEWER_CALLS: ("makes fewer calls per request", "make fewer calls per request"),
}
WAS = {
    SLOWER_EDGE: ("was slower", "were slower"),
    MORE_ERRORS: ("had more errors", "had more errors"),
    MORE_CALLS: ("made more calls per request", "made more calls per request"),
}
"""Of what is over."""
PLACE_OVER = 2
NAME_PX = 200.0
"""Of a name in a sentence."""

Kind = tuple[str, str]
"""What is counted together: a change, and its ending."""


def map_said(found: ServiceMap, against: str, endings: Endings) -> Words:
    """`payment → bank-api got slower: p95 1.64 s instead of 268 ms in the hour before. It was still so in the last
    10 minutes. 2 more got slower, 1 is new. The other 22 are as before.`"""
    if not found.has_before:
        return (Word(f"{counted(len(found.edges), 'edge')}. {nothing_before(against, found.held)}"),)
    kinds = {(edge.ends, word): _kind(endings, edge, word) for edge in found.changed for word in edge.words}
    told = sorted(Counter(kinds.values()).items(), key=lambda one: _rank(one[0]))
    nodes, rest = _nodes_alone(found, endings), _others(found) + _not_compared(found)
    digested = digested_words(is_behind=not found.held.reaches_end, is_compared_behind=not found.held.is_digested)
    if nodes and (not told or _node_place(nodes[0], endings) < _rank(told[0][0])[0]):
        alike = f" No edge changed against {against}{digested}."
        edges = f" Of the edges{_counted(told, more=False)}" if told else alike
        return (*_of_nodes(nodes, endings), Word(edges + rest))
    if not told:
        return (Word(f"Nothing changed against {against}{digested}.{rest}"),)
    (kind, count), *others = told
    word, ending = kind
    alike = [edge for edge in found.changed if kinds.get((edge.ends, word), ("", OVER))[1] != OVER]
    first = _worst([edge for edge in found.changed if kinds.get((edge.ends, word)) == kind], word, alike)
    words = [*_name(first.caller), Word(" → "), *_name(first.callee), Word(" "), *_lead(word, ending)]
    words.append(Word(_figure(first, word, against) + "." + _then(_lately(endings, first, word))))
    words.append(Word(_counted([(kind, count - 1), *others], more=True)))
    return (*words, *((Word(" "), *_of_nodes(nodes, endings)) if nodes else ()), Word(rest))


def _lately(endings: Endings, one: MapEdge | MapNode, word: str) -> Lately:
    """An edge of which it is unsure goes on where the service it leads to changed alike and does."""
    if not isinstance(one, MapEdge):
        return endings.get((one.node, word), UNSURE_YET)
    of_callee = endings.get((one.callee, word), UNSURE_YET)
    return endings.get((one.ends, word)) or (of_callee if of_callee.word == GOES_ON else UNSURE_YET)


def _kind(endings: Endings, one: MapEdge | MapNode, word: str) -> Kind:
    return word, _lately(endings, one, word).word


def leading(found: ServiceMap, endings: Endings) -> list[MapEdge]:
    """Edges with a change, in the order in which they are told: what is over after what may go on."""
    return sorted(found.changed, key=lambda edge: min(_rank(_kind(endings, edge, word)) for word in edge.words))


def _rank(kind: Kind) -> tuple[int, int]:
    """Trouble that goes on is told first, then what may, then what is over; what only came or went, or got better,
    is no trouble."""
    word, ending = kind
    place = {GOES_ON: 0, OVER: PLACE_OVER}.get(ending, 1) if word in TROUBLE else 3
    return place, WORDS.index(word)


def _lead(word: str, ending: str) -> Words:
    if ending == OVER:
        return (Word(f"{WAS[word][0]}, and that is over"),)
    return (Word(SAID[word][0], STRONG if word in BAD_WORDS else ""),)


def _then(lately: Lately) -> str:
    return lately.text and f" {lately.text}"


def _counted(told: list[tuple[Kind, int]], *, more: bool) -> str:
    """` 2 more got slower, 1 was slower for a while, 1 is new.`; `more`: the first of them are more of what was told.
    What goes on and what may is not told apart here."""
    counts: dict[tuple[str, bool], int] = {}
    for (word, ending), count in told:
        is_over = ending == OVER
        counts[word, is_over] = counts.get((word, is_over), 0) + count
    lead, parts = next(iter(counts), None), []
    for (word, is_over), count in counts.items():
        if not count:
            continue
        said = f"{WAS[word][count != 1]} for a while" if is_over else SAID[word][count != 1]
        parts.append(f"{format_count(count)}{' more' * (more and (word, is_over) == lead)} {said}")
    return f" {', '.join(parts)}." if parts else ""


def _not_compared(found: ServiceMap) -> str:
    few = f" {format_count(found.too_few)} had too few calls to compare." if found.too_few else ""
    if not found.first:
        return few
    return f"{few} {format_count(found.first)} {'has' if found.first == 1 else 'have'} nothing to compare with yet."


def _worst(mine: list[MapEdge], word: str, alike: list[MapEdge]) -> MapEdge:
    """The edge that a change of this kind cost most on, by all its calls; of those that may have it from one another
    (who waits is slow, who is failed fails) the ones farthest from the users. `alike`: all that may be on such a way,
    also where it is unsure whether it goes on."""
    if word in (SLOWER_EDGE, MORE_ERRORS):
        callers = leading_to({edge.caller for edge in mine}, (edge.ends for edge in [*mine, *alike]))
        mine = [edge for edge in mine if edge.callee not in callers] or mine
    return max(mine, key=lambda edge: _cost(edge, word))


def _cost(edge: MapEdge, word: str) -> float:
    before, now = edge.before.weight, edge.now.weight
    if word in (MORE_CALLS, FEWER_CALLS):
        # So many calls more for each of those that the caller got.
        fan = edge.change.fan
        return abs(fan.after - fan.before) * max(before / fan.before, now / fan.after)
    change = {
        SLOWER_EDGE: edge.change.latency, FASTER_EDGE: edge.change.latency, MORE_ERRORS: edge.change.errors,
        FEWER_ERRORS: edge.change.errors,
    }.get(word)  # fmt: skip
    moved = abs((change.after or 0) - (change.before or 0)) if change else 1
    return moved * max(before, now)


def _figure(edge: MapEdge, word: str, against: str) -> str:
    """`: p95 1.64 s instead of 268 ms in the hour before`, "" where the word says it all."""
    if word in (SLOWER_EDGE, FASTER_EDGE):
        told = durations_said(edge.change.latency)
    elif word in (MORE_ERRORS, FEWER_ERRORS):
        told = f"{format_percent(edge.change.errors.after)} instead of {format_percent(edge.change.errors.before)}"
    elif word in (MORE_CALLS, FEWER_CALLS):
        told = f"{format_rate(edge.change.fan.after)} instead of {format_rate(edge.change.fan.before)}"
    else:
        return ""
    return f": {told} {against_in(against)}"


def _nodes_alone(found: ServiceMap, endings: Endings) -> list[MapNode]:
    """What got worse as a whole while no edge that its figures come from changed: many callers, each with little to
    compare. A queue's come from who takes messages out of it. What may go on first, then the busiest."""
    into: dict[Node, list[Kind]] = {}
    for edge in found.changed:
        for node in edge.ends if edge.caller.kind == "queue" else (edge.callee,):
            into.setdefault(node, []).extend(_kind(endings, edge, word) for word in edge.words)

    def is_told(node: MapNode, word: str) -> bool:
        """By an edge into it. Of a service, which has an ending of its own: one that changed alike, or calls it more
        often, and is no nearer to its end."""
        kinds = into.get(node.node, [])
        if node.node.kind != "service":
            return bool(kinds)
        place = _rank(_kind(endings, node, word))[0]
        return any(kind[0] in (word, MORE_CALLS) and _rank(kind)[0] <= place for kind in kinds)

    alone = [
        node for node in found.nodes.values()
        if node.node.kind != "user" and any(word in BAD_WORDS and not is_told(node, word) for word in node.words)
    ]  # fmt: skip
    return sorted(alone, key=lambda node: (_node_place(node, endings), -node.now.weight, node.node))


def _node_place(node: MapNode, endings: Endings) -> int:
    return min(_rank(_kind(endings, node, word))[0] for word in node.words)


def _of_nodes(nodes: list[MapNode], endings: Endings) -> Words:
    """The first of them, and how many more there are."""
    first, *others = nodes
    changes = [(word, _lately(endings, first, word)) for word in first.words if word in BAD_WORDS]
    verbs = " and ".join((WAS if lately.is_over else SAID)[word][0] for word, lately in changes)
    is_over, words = all(lately.is_over for _, lately in changes), {lately.word for _, lately in changes}
    # Of parts that say the same the longest stands for all.
    then = _then(max((lately for _, lately in changes), key=lambda one: one.within_ns)) if len(words) == 1 else ""
    figures = " ".join(node_said(first, BAD_WORDS, is_over))
    more = _more_nodes(sum(_node_place(node, endings) < PLACE_OVER for node in others), len(others), is_over)
    return (
        *_name(first.node), Word(" "), Word(verbs, "" if is_over else STRONG),
        Word(f" over all its callers{', and that is over' * is_over}: {figures}{then}{more}"),
    )  # fmt: skip


def _more_nodes(worse: int, all_: int, is_over: bool) -> str:
    """` 2 more got worse over all callers, 1 was worse for a while.`; `is_over`: the one told of is."""
    was = all_ - worse
    parts = [f"{format_count(worse)}{' more' * (not is_over)} got worse over all callers"] if worse else []
    if was:
        parts.append(f"{format_count(was)}{' more' * is_over} {'was' if was == 1 else 'were'} worse for a while")
    return f" {', '.join(parts)}." if parts else ""


def _name(node: Node) -> Words:
    short = cut_to(shown_name(node), NAME_PX)
    return (Word(short, WHERE, node.name) if node.kind == "service" else Word(short, STRONG),)


def _others(found: ServiceMap) -> str:
    """` The other 22 are as before.`"""
    rest = [edge for edge in found.edges.values() if not edge.words]
    if not rest:
        return ""
    is_as_before = not any(is_unclear(edge.before, edge.now) for edge in rest)
    subject = f"The other {format_count(len(rest))}" if found.changed else counted(len(rest), "edge")
    verb = "is" if len(rest) == 1 else "are"
    spread = "its usual spread" if len(rest) == 1 else "their usual spread"
    return f" {subject} {verb} as before." if is_as_before else f" {subject} {verb} within {spread}."
