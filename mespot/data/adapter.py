"""The interface of a data set, and the data sets that mespot knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mespot.data import casme3, samm_lv
from mespot.data.raw import RawEvent, RawVideo
from mespot.errors import MespotError


@dataclass(frozen=True)
class Adapter:
    """How one data set is read. Adapters list folders and read sheets; they decode no frames.

    Attributes:
        videos: folder of the data set -> its videos, in any order.
        events: (folder of the data set, its videos) -> annotations in official numbers. Repairs
            that any data set may need happen later (``mespot.data.repair``); those that only this
            one needs are done here and named in ``RawEvent.rules``.
    """

    videos: Callable[[Path], list[RawVideo]]
    events: Callable[[Path, list[RawVideo]], list[RawEvent]]


ADAPTERS = {
    "casme3": Adapter(casme3.videos, casme3.events),
    "samm_lv": Adapter(samm_lv.videos, samm_lv.events),
}


def adapter(dataset: str) -> Adapter:
    """Return the adapter of a data set.

    Raises:
        MespotError: when mespot does not know it.
    """
    if dataset not in ADAPTERS:
        raise MespotError(
            f"data set {dataset!r} is unknown, expected one of {', '.join(sorted(ADAPTERS))}"
        )
    return ADAPTERS[dataset]
