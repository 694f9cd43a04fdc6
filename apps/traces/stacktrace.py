"""Stack traces as text: which lines are the program's own, and which its libraries'."""

from __future__ import annotations

import re

_FRAME = re.compile(
    r"""^\s*(?:
        File\s"                      # Python
      | at\s                         # Java, JavaScript, .NET
      | \#\d+\s                      # PHP, gdb
      | from\s.+:\d+:in\s            # Ruby
      | \S+\.go:\d+                  # Go, the line below the function
      | \S+:\d+:in\s                 # Ruby, the first line
    )""",
    re.VERBOSE,
)
_LIBRARY = re.compile(
    r"""site-packages|dist-packages|/lib/python\d|<frozen\s|node_modules|\(?node:|\(internal/|/gems/|/ruby/\d
      | /vendor/
      | /usr/local/go/|/pkg/mod/|/rustc/|/\.cargo/
      | \bat\s(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|org\.springframework|org\.apache
             |org\.hibernate|io\.netty|io\.opentelemetry|reactor|System\.|Microsoft\.)
    """,
    re.VERBOSE,
)


def mark_frames(text: str) -> tuple[tuple[bool, str], ...]:
    """(is_own, lines) in the order of the text, neighbours of one sort joined; joined again they are the text.

    A line that is no frame goes with the frame above it (Python's source line, Go's function), or, before
    the first frame, counts as own: it is the message.
    """
    parts: list[tuple[bool, str]] = []
    is_own = True
    for line in text.splitlines(keepends=True):
        if _FRAME.match(line):
            is_own = not _LIBRARY.search(line)
        elif not line.startswith((" ", "\t")):
            is_own = True
        if parts and parts[-1][0] == is_own:
            parts[-1] = (is_own, parts[-1][1] + line)
        else:
            parts.append((is_own, line))
    return tuple(parts)
