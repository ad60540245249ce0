"""Per-frame signals of one video: how far each facial region is from neutral, and how sure.

``mespot.flow.refine`` makes them of what dense flow measured.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.files import read_npz, write_npz
from mespot.flow.evidence import Evidence


@dataclass(frozen=True)
class FlowSignals:
    """Signals of one video; N crops, R regions.

    Attributes:
        frame: (N,) int64 source frame of each crop, 0-based.
        time: (N,) s.
        regions: names of the regions.
        displacement: (N, R, 2) float32 IOD from neutral, x right and y down in the picture.
        noise: (R,) float32 noise SD of a region's displacement in this video, IOD.
        strength: (N,) float32 evidence for an expression around this moment: the strongest facial
            action at the best length, in noise SDs; intervals have their peaks on it.
        blink: (N,) float32 how far a blink closes the eyes, 0 to 1.
        head_motion: (N,) float32 speed of the head, IOD/s.
        residual: (N,) float32 what the rigid head fit leaves at the anchors, IOD.
        confidence: (N,) float32 0 (no face, wild motion) to 1.
        speech: (N,) float32 probability that the person speaks, 0 to 1.
        pose: (N, 6) float32 of the head: shift x and y in IOD, roll in rad, log scale, against the
            first crop; yaw and pitch in rad, against each stretch's reference.
        geometry: (4,) float32 IOD, of the neutral face by its landmarks: how far the lips are
            apart, the corners of the mouth from its middle, the corners above the middle of the
            lips, the brows above the eyes.
        centres: (R, 2) float32 IOD, where the regions lie on the neutral face: eye line at y = 0,
            x = 0 between the eyes.
        states: (N, S) bool, what holds of ``mespot.flow.states.NAMES``.
        disturbed: (N,) float32 how much that disturbs, 0 to 1.
        angles: (N, 2) float32 yaw and pitch of the head from its usual pose, degrees.
        frames: number of source frames of the video.
        fps: source frames per second.
        evidence: what ``strength`` was made from, where these signals were just measured; not
            saved, and not handed on to signals of which something was replaced.
    """

    frame: np.ndarray
    time: np.ndarray
    regions: tuple[str, ...]
    displacement: np.ndarray
    noise: np.ndarray
    strength: np.ndarray
    blink: np.ndarray
    head_motion: np.ndarray
    residual: np.ndarray
    confidence: np.ndarray
    speech: np.ndarray
    pose: np.ndarray
    geometry: np.ndarray
    centres: np.ndarray
    states: np.ndarray
    disturbed: np.ndarray
    angles: np.ndarray
    frames: int
    fps: float
    evidence: Evidence | None = dataclasses.field(
        default=None, init=False, repr=False, compare=False
    )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an npz of plain arrays, atomically and with the same bytes each time."""
        arrays = {name: getattr(self, name) for name in _saved()}
        arrays["regions"] = np.array(self.regions)
        write_npz(path, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FlowSignals:
        """Read what ``save`` wrote.

        Raises:
            MespotError: naming the file and the first array that is missing.
        """
        arrays = read_npz(path)
        names = _saved()
        missing = [name for name in names if name not in arrays]
        if missing:
            raise MespotError(f"{path}: no array {missing[0]!r}, expected flow signals")
        content = {name: arrays[name] for name in names}
        content["regions"] = tuple(str(name) for name in arrays["regions"])
        content["frames"], content["fps"] = int(arrays["frames"]), float(arrays["fps"])
        return cls(**content)

    @property
    def step(self) -> float:
        """Time between crops, s."""
        return sampling_step(self.time)


def _saved() -> list[str]:
    return [field.name for field in dataclasses.fields(FlowSignals) if field.init]


def sampling_step(time: np.ndarray) -> float:
    """Median time between samples; 0.04 s for a single one."""
    return float(np.median(np.diff(time))) if len(time) > 1 else 0.04
