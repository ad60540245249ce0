"""The final system of a data set as one folder: JSON and safetensors, nothing pickled."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.events import TYPES, empty_intervals
from mespot.core.files import read_json, write_json
from mespot.fusion.calibration import Sigmoid, calibrated
from mespot.fusion.candidates import VideoEvidence, candidates
from mespot.fusion.members import MEMBERS, Scorers, member_intervals
from mespot.fusion.operating_point import above
from mespot.fusion.scorer import TypeScorer
from mespot.params.fuse import FuseParams
from mespot.params.grid import GridParams
from mespot.search.setting import ModelSetting, read_setting

_FORMAT = 2
_CHOSEN = ("member", "value", "thresholds", "calibration", "scorers")


@dataclass(frozen=True)
class System:
    """What ``mespot spot --model`` needs besides the video.

    Attributes:
        folder: where it lies.
        settings: type -> setting of the model branch.
        member: which member of the fusion search answers.
        value: that member's own parameter.
        thresholds: type -> its operating point.
        sigmoids: type -> calibration of its score.
        scorers: what its rule needs.
        params: the settings of preprocess, flow, slices, grid and fuse that it was built with.
    """

    folder: Path
    settings: dict[str, ModelSetting]
    member: str
    value: float
    thresholds: dict[str, float]
    sigmoids: dict[str, Sigmoid]
    scorers: Scorers
    params: dict[str, Any]

    def classifier(self, granularity: float) -> Path:
        """Folder of the classifier of a granularity."""
        return self.folder / f"{granularity:g}"

    @property
    def grid(self) -> GridParams:
        """The grid section."""
        return GridParams.model_validate(self.params["grid"])

    @property
    def fuse(self) -> FuseParams:
        """The fuse section."""
        return FuseParams.model_validate(self.params["fuse"])

    def answer(self, evidence: VideoEvidence) -> pd.DataFrame:
        """Intervals of one video, with the probability of a hit as score.

        Args:
            evidence: of both branches under ``settings``.

        Returns:
            columns of ``mespot.core.events.INTERVAL_COLUMNS``.
        """
        fuse = self.fuse
        pool = candidates(evidence, fuse.me_longest, fuse.mae_shortest)
        if not len(pool):
            return empty_intervals()
        found = member_intervals(self.member, self.value, pool, self.scorers, fuse.max_iou)
        return calibrated(above(found, self.thresholds), self.sigmoids)


def pack_system(
    folder: Path,
    classifiers: Mapping[float, Path],
    settings: Mapping[str, ModelSetting],
    chosen: Mapping[str, Any],
    params: Any,
) -> None:
    """Write the folder of the final system.

    Args:
        folder: to write.
        classifiers: granularity in seconds -> folder of its classifiers.
        settings: type -> setting chosen on all subjects.
        chosen: member, its operating point and the scorers, from ``mespot.fusion.fuse``.
        params: all params.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for granularity in sorted({setting.granularity for setting in settings.values()}):
        target = folder / f"{granularity:g}"
        target.mkdir(exist_ok=True)
        for name in ("all.safetensors", "model.json"):
            shutil.copyfile(classifiers[granularity] / name, target / name)
    sections = ("preprocess", "flow", "slices", "grid", "fuse")
    write_json(
        folder / "system.json",
        {
            "format": _FORMAT,
            "settings": {kind: setting.as_dict() for kind, setting in settings.items()},
            **{key: chosen[key] for key in _CHOSEN},
            "params": {name: getattr(params, name).model_dump() for name in sections},
        },
    )


def load_system(folder: Path) -> System:
    """Read the folder of a final system.

    Raises:
        MespotError: no system there, another format, or a missing entry.
    """
    path = folder / "system.json"
    if not path.is_file():
        raise MespotError(
            f"{folder}: no system.json, expected a folder such as artifacts/fuse/<dataset>/system"
        )
    value = read_json(path)
    found = value.get("format") if isinstance(value, dict) else None
    if found != _FORMAT:
        raise MespotError(f"{path}: format: found {found!r}, expected {_FORMAT}")
    try:
        return System(
            folder=folder,
            settings={kind: read_setting(value["settings"][kind]) for kind in TYPES},
            member=_member(value["member"]),
            value=float(value["value"]),
            thresholds={kind: float(value["thresholds"][kind]) for kind in TYPES},
            sigmoids=_read(value["calibration"], lambda one: Sigmoid(**one)),
            scorers=Scorers(
                flow=_read(value["scorers"]["flow"], lambda one: Sigmoid(**one)),
                model=_read(value["scorers"]["model"], lambda one: Sigmoid(**one)),
                learned=_read(value["scorers"]["learned"], TypeScorer.from_dict),
            ),
            params=value["params"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MespotError(f"{path}: entry {error} is missing or malformed") from error


def _read(value: Mapping[str, Any], read: Callable[[Any], Any]) -> dict[str, Any]:
    return {kind: read(value[kind]) for kind in TYPES}


def _member(name: str) -> str:
    if name not in MEMBERS:
        raise ValueError(f"member: {name!r}")
    return name
