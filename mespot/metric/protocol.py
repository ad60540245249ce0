"""Named scoring protocols.

A protocol says which candidate pairs are credited; counting, types, tables and intervals around it
stay the same. Another protocol is one more entry here: callers pass its name.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mespot.errors import MespotError
from mespot.metric.match import Pairs, largest_matching

Credit = Callable[[Pairs, int, int], np.ndarray]
"""From candidates, number of events, number of predictions to the rows of the events that are hit.

TP are the hit events, FP the predictions less TP, FN the events less TP.
"""

PROTOCOLS: dict[str, Credit] = {"megc": largest_matching}


def find_protocol(name: str) -> Credit:
    """Return a protocol by name.

    Raises:
        MespotError: there is no such protocol.
    """
    if name not in PROTOCOLS:
        raise MespotError(f"protocol: found {name!r}, expected {', '.join(sorted(PROTOCOLS))}")
    return PROTOCOLS[name]
