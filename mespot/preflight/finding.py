"""What one check found, and how much it matters."""

from __future__ import annotations

import re
from dataclasses import dataclass

OK = "ok"
NOTE = "note"  # worth knowing, as the owners of the data describe it
WARNING = "warning"  # the pipeline runs, the researcher should know
ERROR = "error"  # a stage would stop
LEVELS = (OK, NOTE, WARNING, ERROR)
_SHOWN = 6


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Attributes:
        name: what was looked at.
        level: one of ``LEVELS``.
        text: what was found, and what is expected where it is not.
    """

    name: str
    level: str
    text: str

    @property
    def ok(self) -> bool:
        """Whether the pipeline can run with it."""
        return self.level != ERROR


def few(names: list[str], shown: int = _SHOWN) -> str:
    """Name the first ones and count the rest."""
    text = ", ".join(names[:shown])
    return text if len(names) <= shown else f"{text} and {len(names) - shown} more"


def natural(name: str) -> list[tuple[str, int]]:
    """Sort key that puts spNO.2 before spNO.10."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name)][:-1]


def several(count: int, noun: str) -> str:
    """Write a count with its noun: ``1 video``, ``1,300 videos``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
