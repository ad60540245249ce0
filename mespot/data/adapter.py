"""The interface of a data set, and the data sets that mespot knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mespot.data import casme2, casme3, casme3_b, clip_sets, generic, megc, samm_lv, voxceleb2
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
        surplus: (folder of the data set, section ``data``) -> folders that look like data but were
            not taken, as (path relative to the folder of the data set, why), sorted; ``None``
            where the layout leaves nothing over.
    """

    videos: Callable[[Path, DataParams], Sequence[RawVideo]]
    events: Callable[[Path, list[RawVideo], DataParams], list[RawEvent]] | None
    published: Published | None = None
    surplus: Callable[[Path, DataParams], list[tuple[str, str]]] | None = None


ADAPTERS = {
    "casme2": Adapter(casme2.videos, casme2.events, casme2.PUBLISHED, casme2.surplus),
    "casme3": Adapter(casme3.videos, casme3.events, casme3.PUBLISHED, casme3.surplus),
    "casme3_b": Adapter(casme3_b.videos, None, casme3_b.PUBLISHED, casme3_b.surplus),
    "clips": Adapter(clip_sets.videos, None),
    "dfew": Adapter(clip_sets.videos, None, clip_sets.DFEW),
    "ferv39k": Adapter(clip_sets.videos, None, clip_sets.FERV39K),
    "mafw": Adapter(clip_sets.videos, None, clip_sets.MAFW),
    "megc2022": Adapter(megc.videos_2022, None, megc.PUBLISHED_2022),
    "megc2023": Adapter(megc.videos_2023, None, megc.PUBLISHED_2023),
    "samm_lv": Adapter(samm_lv.videos, samm_lv.events, samm_lv.PUBLISHED, samm_lv.surplus),
    "voxceleb2": Adapter(voxceleb2.videos, None, voxceleb2.PUBLISHED),
}


def adapter(dataset: str, folder: Path | None = None) -> Adapter:
    """Return the adapter of a data set.

    A name that is not in ``ADAPTERS`` is a self-made data set (``mespot.data.generic``) when its
    folder exists; with a table of events in it, it is annotated, else unlabelled.

    Args:
        dataset: name of the data set.
        folder: where it lies; without it only the names in ``ADAPTERS`` are known.

    Raises:
        MespotError: mespot does not know the name and there is no such folder.
    """
    if dataset in ADAPTERS:
        return ADAPTERS[dataset]
    if folder is None or not folder.is_dir():
        where = "" if folder is None else f" and {folder} is no folder"
        raise MespotError(
            f"data set {dataset!r} is unknown{where}, expected one of "
            f"{', '.join(sorted(ADAPTERS))}, or any other name whose folder holds videos and "
            "events.csv (vid,onset,offset,type)"
        )
    annotated = generic.events_file(folder) is not None
    return Adapter(generic.videos, generic.events if annotated else None)
