"""Which release of the annotations lies there, told by what is in it."""

from __future__ import annotations

from collections import Counter

from mespot.datasets.raw import RawEvent
from mespot.preflight.finding import several


def describe_sheets(dataset: str, rows: list[RawEvent]) -> str:
    """Name the sheets that were read, with their rows and, where it can be told, the release.

    Args:
        dataset: name of the data set.
        rows: annotations as the sheets give them.
    """
    counts = Counter(row.source for row in rows)
    text = ", ".join(f"{name} ({several(count, 'row')})" for name, count in sorted(counts.items()))
    if dataset == "samm_lv" and rows:
        text += f": {_samm_release(rows)}"
    return text or "the sheets were read and hold no row"


def _samm_release(rows: list[RawEvent]) -> str:
    """Tell the releases of the SAMM-LV workbook apart.

    V1 and V2 hold fractional frames and onsets of 0, both gone in V3; 020_6 ends at frame 5476
    there, which lies behind its last one, and at 5001 in V3 (comparison of public copies).
    """
    fractional = sum(
        any(number != int(number) for number in (row.onset, row.apex or 0.0, row.offset))
        for row in rows
    )
    zero = sum(row.onset == 0 for row in rows)
    if not (fractional or zero):
        return "release V3 (whole frames, no onset 0)"
    signs = [f"fractional frames in {several(fractional, 'row')}"] if fractional else []
    signs += [f"onset 0 in {several(zero, 'row')}"] if zero else []
    return f"release V1 or V2 ({', '.join(signs)})"
