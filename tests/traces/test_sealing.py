"""One pass over a trace says of it what two say one after the other."""

import random
from dataclasses import asdict

import pytest

from apps.traces.column_readers import ColumnReader
from apps.traces.draft import Draft, Summariser, outline
from apps.traces.sealing import SealingReader
from apps.traces.tokens import AttributeTokens
from tests.traces.build import TRACE_ID, random_specs, traces_data
from tests.traces.columns_build import assert_same
from tests.traces.test_kinship import data_of
from tests.traces.wild import wild_rows


def draft_of(data) -> Draft:
    draft = Draft(bytes.fromhex(TRACE_ID))
    draft.add_document(data.SerializeToString())
    return draft


def assert_alike(draft: Draft) -> None:
    summary, columns = SealingReader().read(draft)
    told = asdict(Summariser().summarise(draft))
    told_now = asdict(summary)
    listed = asdict(outline(draft, lambda resource: AttributeTokens().of_resource(resource)[1]))
    assert listed == {**told, "names": set(), "tokens": set()}
    # Of roots that start together the canonical order decides, which does not depend on the order of arrival.
    roots = {name: told.pop(name) for name in ("root_service", "root_name")}
    roots_now = {name: told_now.pop(name) for name in roots}
    assert told_now == told
    if len(set(columns.start)) == columns.n:
        assert roots_now == roots
    assert_same(columns, ColumnReader().read(draft))


@pytest.mark.parametrize("seed", range(100))
def test_of_wild_traces(seed):
    assert_alike(draft_of(data_of(wild_rows(random.Random(seed), 30))))


@pytest.mark.parametrize("seed", range(20))
def test_of_plausible_traces(seed):
    assert_alike(draft_of(traces_data(random_specs(seed, 60))))


def test_of_a_trace_without_spans():
    assert_alike(Draft(bytes.fromhex(TRACE_ID)))
