"""What a shop that is started again has to know of the last time, so that it tells no hour and no story twice."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from apps.demo.agenda import Process
from apps.demo.shop import Shop

EVERY_NS = 10_000_000_000


@dataclass(frozen=True)
class Told:
    """The schedule was counted from `anchor_ns`, virtual time went up to `until_ns`, the story was told so often."""

    anchor_ns: int
    until_ns: int
    stories: int


class Diary:
    """A small file. Without a path it is empty and stays so."""

    def __init__(self, path: Path | None):
        self.path = path

    def read(self) -> Told | None:
        """What was told so far; None for a shop that has never been open (or whose diary cannot be understood)."""
        try:
            return Told(**json.loads(self.path.read_text())) if self.path else None
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, shop: Shop) -> None:
        """Note how far the shop is now, in one step: whoever is killed meanwhile leaves the old diary."""
        if self.path:
            fresh = self.path.with_name(f"{self.path.name}.new")
            fresh.write_text(json.dumps(asdict(Told(shop.schedule.anchor_ns, shop.now_ns, shop.stories))))
            os.replace(fresh, self.path)

    def kept(self, shop: Shop) -> Process:
        """Writes every ten seconds of the shop's time."""
        while True:
            self.write(shop)
            yield EVERY_NS
