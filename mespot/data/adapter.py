"""The interface of a data set, and the data sets that mespot knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mespot.data import casme3, samm_lv
from mespot.data.published import Published
from mespot.data.raw import RawEvent, RawVideo
from mespot.errors import MespotError
from mespot.params.data import DataParams


@dataclass(frozen=True)
class Adapter:
    """How one data set is read. Adapters list folders and read sheets; they decode no frames.

    Attributes:
        videos: (folder of the data set, section ``data``) -> its videos, in any order.
        events: (folder of the data set, its videos, section ``data``) -> annotations in official
            numbers. Repairs that any data set may need happen later (``mespot.data.repair``);
            those that only this one needs are done here and named in ``RawEvent.rules``.
            ``None`` for a data set without annotations.
        published: what its owners say it holds; ``None`` where nobody said it.
    """

    videos: Callable[[Path, DataParams], list[RawVideo]]
    events: Callable[[Path, list[RawVideo], DataParams], list[RawEvent]] | None
    published: Published | None = None


ADAPTERS = {
    "casme3": Adapter(casme3.videos, casme3.events, casme3.PUBLISHED),
    "samm_lv": Adapter(samm_lv.videos, samm_lv.events, samm_lv.PUBLISHED),
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
