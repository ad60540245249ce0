"""The interface of a data set, and the data sets that mespot knows.

The module of an adapter is imported when its data set is asked for, and by nothing else: each set
is indexed again only when its own adapter changes (see ``mespot.pipeline.adapters``).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from mespot.core.errors import MespotError
from mespot.datasets.published import Published
from mespot.datasets.raw import RawEvent, RawVideo
from mespot.params.data import DataParams


@dataclass(frozen=True)
class Adapter:
    """How one data set is read. Adapters list folders and read sheets; they decode no frames.

    Attributes:
        videos: (folder of the data set, section ``data``) -> its videos, in any order.
        events: (folder of the data set, its videos, section ``data``) -> annotations in official
            numbers. Repairs that any data set may need happen later (``mespot.datasets.repair``);
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


# data set -> modules beside this one: its adapter, then what nothing but adapters imports
MODULES = {
    "casme2": ("casme2", "casme2_layout"),
    "casme3": ("casme3", "casme3_layout"),
    "casme3_b": ("casme3_b", "casme3_layout"),
    "clips": ("clip_sets",),
    "dfew": ("clip_sets",),
    "ferv39k": ("clip_sets",),
    "mafw": ("clip_sets",),
    "megc2022": ("megc",),
    "megc2023": ("megc",),
    "samm_lv": ("samm_lv",),
    "voxceleb2": ("voxceleb2",),
}
OWN = ("generic",)  # those of a data set of any other name


class _Adapters(dict[str, Adapter]):
    """Adapters by data set; the first look at one imports its module."""

    def __missing__(self, dataset: str) -> Adapter:
        self.update(_module(MODULES[dataset][0]).ADAPTERS)
        return self[dataset]

    def __contains__(self, dataset: object) -> bool:
        return dataset in MODULES or super().__contains__(dataset)


ADAPTERS = _Adapters()


def code_of(dataset: str) -> list[Path]:
    """Return the source files of the adapter of a data set that nothing but adapters imports."""
    modules = MODULES.get(dataset, OWN)
    return [Path(__file__).with_name(f"{name}.py") for name in modules]


def adapter(dataset: str, folder: Path | None = None) -> Adapter:
    """Return the adapter of a data set.

    A name that is not in ``MODULES`` is a self-made data set (``mespot.datasets.generic``) when its
    folder exists; with a table of events in it, it is annotated, else unlabelled.

    Args:
        dataset: name of the data set.
        folder: where it lies; without it only the names in ``MODULES`` are known.

    Raises:
        MespotError: mespot does not know the name and there is no such folder.
    """
    if dataset in ADAPTERS:
        return ADAPTERS[dataset]
    if folder is None or not folder.is_dir():
        where = "" if folder is None else f" and {folder} is no folder"
        raise MespotError(
            f"data set {dataset!r} is unknown{where}, expected one of "
            f"{', '.join(sorted(MODULES))}, or any other name whose folder holds videos and "
            "events.csv (vid,onset,offset,type)"
        )
    generic = _module(OWN[0])
    annotated = generic.events_file(folder) is not None
    return Adapter(generic.videos, generic.events if annotated else None)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.{name}")
