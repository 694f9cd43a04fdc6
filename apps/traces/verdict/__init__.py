"""The verdict: one sentence that says why a trace took its time or failed, and the facts it is made from.

`judge` compares a trace's contributions with what is usual for its root span name (`judge.py`); small rules find the
most telling reason (`rules.py`, thresholds in `limits.py`); `words.py` makes sentences of facts; `codec.py` packs them.
docs/verdict.md has the definitions and how often they are right.
"""
