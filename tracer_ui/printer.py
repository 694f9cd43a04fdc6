"""Puts the name of the program before every line it prints, in its own colour on a terminal."""

import os
from typing import TextIO

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95)  # ANSI foregrounds readable on light and dark
WIDTH = 10


class Printer:
    """Gathers bytes per program and prints whole lines."""

    def __init__(self, output: TextIO) -> None:
        self.output = output
        self.coloured = output.isatty() and not os.environ.get("NO_COLOR")
        self.colour_of: dict[str, int] = {}
        self.rest_of: dict[str, bytes] = {}

    def feed(self, name: str, data: bytes) -> None:
        """Prints the lines completed by `data`; empty data means the program closed its output."""
        *lines, rest = (self.rest_of.get(name, b"") + data).split(b"\n")
        if not data and rest:
            lines, rest = [*lines, rest], b""
        self.rest_of[name] = rest
        for line in lines:
            self.line(name, line.decode("utf-8", "replace").rstrip("\r"))

    def line(self, name: str, text: str) -> None:
        """Prints one line. A terminal that went away must not take the product with it."""
        prefix = f"{name:<{WIDTH}}"
        if self.coloured:
            colour = self.colour_of.setdefault(name, COLOURS[len(self.colour_of) % len(COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        try:
            self.output.write(f"{prefix}│ {text}\n")
            self.output.flush()
        except OSError:
            pass
