"""Named states of every frame that are not expressions, each with its own evidence.

A blink, a turned head or a picture that jumps move regions of the face as an expression does.
Naming them says why a stretch of video has no answer, and lets whatever decides trust it less.
States may hold at the same time; ``labels`` names the gravest one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.faces.track import FaceTrack
from mespot.flow.filters import fill_gaps
from mespot.flow.lids import eyes_closed, lid_cues, lids_lowered, runs
from mespot.flow.pooling import Pooled
from mespot.flow.pose import head_angles
from mespot.flow.signals import FlowSignals

NAMES = (
    "no_face", "cut", "light", "head_fast", "head_turn", "eyes_closed", "blink", "gaze",
)  # fmt: skip
"""Names of the states, gravest first."""

_BLINK = 0.3
_FAST = 1.5  # IOD/s
_TURNED, _STAYS_TURNED = 12.0, 8.0  # degrees from the usual pose
_CUT_HEAD, _CUT_REGIONS = 0.1, 0.06  # IOD from one crop to the next
_CUT_TIMES = 4.0  # a cut exceeds what moves just before and after it so many times
_AROUND = 0.2  # s on either side of a moment
_LIGHT = 0.12  # change of the logarithm of brightness within _LIGHT_STEP
_LIGHT_STEP = 0.15  # s


@dataclass(frozen=True)
class States:
    """Disturbances of one video, N crops.

    Attributes:
        names: names of the states, gravest first.
        held: (N, S) bool, which states hold.
        disturbed: (N,) float32, how much the frame is disturbed, 0 to 1.
        angles: (N, 2) float32 yaw and pitch from the usual pose, degrees.
    """

    names: tuple[str, ...]
    held: np.ndarray
    disturbed: np.ndarray
    angles: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        """Return the frames (N,) in which the state ``name`` holds."""
        return self.held[:, self.names.index(name)]


def states_of(signals: FlowSignals, track: FaceTrack, pooled: Pooled) -> States:
    """Name what disturbs each frame.

    Args:
        signals: made of ``pooled``.
        track: alignment of the same N crops.
        pooled: raw measurements, whose anchors and apertures tell of turns, lids and light.
    """
    step = signals.step
    usable = np.asarray(track.success, dtype=bool) & np.isfinite(pooled.eyes).all(axis=(1, 2))
    eyes = fill_gaps(pooled.eyes, usable)
    uppers = [signals.regions.index(name) for name in ("lid_upper_r", "lid_upper_l")]
    cues = lid_cues(signals.displacement[:, uppers, 1], eyes, signals.blink, step)
    angles = head_angles(pooled, track, step)
    cut = _cuts(pooled, track, usable, step)
    blink = signals.blink > _BLINK
    shut = eyes_closed(cues, step)
    found = {
        "no_face": ~usable,
        "cut": cut,
        "light": _light(eyes, cues.stroke, blink, step) & ~cut,
        "head_fast": signals.head_motion > _FAST,
        "head_turn": _turned(angles),
        "eyes_closed": shut,
        "blink": blink & ~shut,
        "gaze": lids_lowered(cues, step) & ~shut & ~blink,
    }
    held = np.stack([found[name] & (usable | (name in ("no_face", "cut"))) for name in NAMES], 1)
    grade = np.maximum.reduce(
        [
            held[:, 0],
            held[:, 1],
            0.7 * held[:, 2],
            np.clip(signals.head_motion / (2.0 * _FAST), 0, 1),
            np.clip(np.abs(angles).max(axis=1) / (3.0 * _TURNED), 0, 0.8),
            0.5 * np.maximum(held[:, 5], signals.blink),
            0.3 * held[:, 7],
        ]
    )
    return States(NAMES, held, grade.astype(np.float32), angles.astype(np.float32))


def labels(states: States) -> np.ndarray:
    """Name of the gravest state of every frame, "" where none holds: (N,) of str."""
    table = np.array([*states.names, ""])
    first = np.where(states.held.any(axis=1), states.held.argmax(axis=1), len(states.names))
    return table[first]


def disturbed(states: States) -> np.ndarray:
    """How much each frame is disturbed: (N,) float32, 0 (not at all) to 1 (nothing to see)."""
    return states.disturbed


def _turned(angles: np.ndarray) -> np.ndarray:
    most = np.abs(angles).max(axis=1)
    found = np.zeros(len(most), dtype=bool)
    for first, last in runs(most > _STAYS_TURNED):
        found[first:last] = most[first:last].max() > _TURNED
    return found


def _cuts(pooled: Pooled, track: FaceTrack, usable: np.ndarray, step: float) -> np.ndarray:
    """Frames within a moment of one where the head and all of the face jump at once: (N,)."""
    count = len(usable)
    if count < 2:
        return np.zeros(count, dtype=bool)
    head = np.linalg.norm(np.diff(np.asarray(track.head, dtype=np.float64), axis=0), axis=1)
    moved = np.linalg.norm(np.diff(pooled.displacement, axis=0), axis=2).mean(axis=1)
    both = usable[1:] & usable[:-1]
    jump = np.where(both, moved, 0.0)  # (N - 1,)
    far = both & (head > _CUT_HEAD) & (jump > _CUT_REGIONS)
    reach = max(1, round(0.5 * _AROUND / step))
    found = np.zeros(count, dtype=bool)
    for at in np.flatnonzero(far):
        near = np.concatenate([jump[max(0, at - 3 * reach) : max(0, at - 1)],
                               jump[at + 2 : at + 3 * reach]])
        if not len(near) or jump[at] > _CUT_TIMES * np.median(near):
            found[max(0, at + 1 - reach) : at + 1 + reach] = True
    return found


def _light(eyes: np.ndarray, stroke: np.ndarray, blink: np.ndarray, step: float) -> np.ndarray:
    """Frames (N,) around a change of brightness of both eyes that neither lids nor gaze make."""
    lag = max(1, round(_LIGHT_STEP / step))
    count = len(eyes)
    if count <= lag:
        return np.zeros(count, dtype=bool)
    bright = np.log(np.maximum(eyes[:, :, 0], 4.0))
    contrast = np.log(np.maximum(eyes[:, :, 1], 0.5)) - bright
    change = bright[lag:] - bright[:-lag]  # (N - lag, 2)
    same = np.sign(change[:, 0]) == np.sign(change[:, 1])
    still = np.abs(contrast[lag:] - contrast[:-lag]).max(axis=1) < 0.5 * np.abs(change).min(axis=1)
    calm = (np.abs(stroke[lag:] - stroke[:-lag]) < 0.3) & ~blink[lag:] & ~blink[:-lag]
    found = np.zeros(count, dtype=bool)
    for at in np.flatnonzero((np.abs(change).min(axis=1) > _LIGHT) & same & still & calm):
        found[at : at + lag + 1] = True
    return found
