"""What digest writes: the deposits of one transaction, by workspace.

ledger = Ledger()
ledger.add(…)               for every trace sealed; with sign -1 what was deposited for it before
ledger.register(cursor)     commits on its own: keys and their ids
ledger.write(cursor)        within the transaction that seals the traces
"""

from __future__ import annotations

import logging
import threading

from apps.insights.facts import Facts, copy_rows, select
from apps.insights.keys import Book, register
from apps.insights.message_ends import MessageEnds
from apps.insights.summing import summed, with_ids
from apps.traces.analysis import Analysis, analyse
from apps.traces.column_readers import ColumnReader
from apps.traces.columns import Columns
from apps.traces.deposits import Deposits, deposit, deposit_unanalysed
from apps.traces.draft import Draft
from apps.traces.moments import MINUTE_NS

_log = logging.getLogger(__name__)


class _Remembered(threading.local):
    """From transaction to transaction, for each thread that digests (a worker has one)."""

    def __init__(self):
        self.books: dict[int, Book] = {}
        self.reader = ColumnReader()


_remembered = _Remembered()


def forget_books() -> None:
    """Forget what this thread has written (tests empty the tables under it)."""
    _remembered.books.clear()


class Ledger:
    """One for each transaction; one open at a time in a thread, for they share what they remember."""

    def __init__(self, first_minute: int = 0):
        self.first_minute = first_minute
        """What counts before that (minutes since 1970) is left out."""
        for book in _remembered.books.values():
            book.make_room()
        self._deposits: dict[int, Deposits] = {}
        self._facts: list[Facts] = []
        self._messages = MessageEnds()

    def add(
        self, workspace_id: int, draft: Draft, filed_ns: int, sign: int = 1, columns: Columns | None = None
    ) -> Analysis | None:  # fmt: skip
        """What was found; `columns` when the draft was read before. A trace whose analysis fails is counted, and keeps
        nothing from being sealed."""
        if not draft.groups:
            return None
        into = self.deposits(workspace_id)
        mark = into.mark()
        try:
            analysis = analyse(draft, columns or _remembered.reader.read(draft))
            deposit(into, analysis, filed_ns, sign)
        except Exception:
            _log.exception("Trace %s could not be analysed; it is sealed without.", draft.trace_id.hex())
            into.cut(mark)
            deposit_unanalysed(into, draft.span_count, filed_ns, sign)
            return None
        self._messages.add(workspace_id, analysis, filed_ns, sign, self.first_minute * MINUTE_NS)
        return analysis

    @property
    def size(self) -> int:
        """Observations so far, two to four a span."""
        return sum(deposits.size for deposits in self._deposits.values())

    def deposits(self, workspace_id: int) -> Deposits:
        """Of a workspace, to add to."""
        if workspace_id not in self._deposits:
            book = _remembered.books.setdefault(workspace_id, Book())
            self._deposits[workspace_id] = Deposits(book.keys)
        return self._deposits[workspace_id]

    def register(self, cursor) -> None:
        for workspace_id, deposits in self._deposits.items():
            if not deposits.is_empty:
                book, facts = _remembered.books[workspace_id], summed(deposits)
                register(cursor, workspace_id, book, facts)
                facts = with_ids(facts, workspace_id, book.ids)
                self._facts.append(select(facts, facts.minute >= self.first_minute) if self.first_minute else facts)

    def write(self, cursor) -> None:
        for facts in self._facts:
            copy_rows(cursor, "rollup_inbox", facts)
        self._messages.write(cursor)
