"""Named states of every frame that are not expressions, each with its own evidence.

A blink, a turned head or a picture that jumps move regions of the face as an expression does.
Naming them says why a stretch of video has no answer, and lets whatever decides trust it less.
States may hold at the same time; ``labels`` names the gravest one.

Hands over the face, gaze, licked or pressed lips, chewing and yawns have no name here: on real
clips nothing in these measurements tells a hand at the chin from a moving mouth, or a lowered gaze
from eyes that a smile or a frown narrows. A hand that hides so much that the face is lost is
``no_face``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mespot.crops.track import FaceTrack
from mespot.flow.filters import fill_gaps
from mespot.flow.jumps import jumps
from mespot.flow.lids import eyes_closed, lid_cues, spread
from mespot.flow.pooling import RegionFlow
from mespot.flow.pose import head_angles

if TYPE_CHECKING:
    from mespot.flow.signals import FlowSignals

NAMES = (
    "no_face", "cut", "realigned", "light", "head_fast", "head_turn", "eyes_closed", "blink",
)  # fmt: skip
"""Names of the states, gravest first."""

_FAST = 1.5  # IOD/s
_TURNED, _STAYS_TURNED = 15.0, 10.0  # degrees from the usual pose
_BLINK, _STAYS_BLINK = 0.5, 0.25  # of ``signals.blink``
# part of each in ``disturbed``
_GRAVITY = {"no_face": 1.0, "cut": 1.0, "realigned": 1.0, "light": 0.7, "eyes_closed": 0.5}
_LIGHT = 0.12  # change of the logarithm of brightness within _LIGHT_STEP
_LIGHT_STEP = 0.15  # s
_ALIKE = 0.6  # of that change, by which both eyes' brightness and contrast may differ
_CALM = 0.3  # full strokes by which the lids may move meanwhile


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


def states_of(signals: FlowSignals, track: FaceTrack, pooled: RegionFlow) -> States:
    """Name what disturbs each frame.

    Args:
        signals: made of ``pooled``; their states and angles are not read.
        track: alignment of the same N crops.
        pooled: raw measurements, whose anchors and apertures tell of turns, lids and light.
    """
    step = signals.step
    usable = np.asarray(track.success, dtype=bool) & np.isfinite(pooled.eyes).all(axis=(1, 2))
    eyes = fill_gaps(pooled.eyes, usable)
    uppers = [signals.regions.index(name) for name in ("lid_upper_r", "lid_upper_l")]
    cues = lid_cues(signals.displacement[:, uppers, 1], eyes, signals.blink, step)
    angles = head_angles(pooled, track, step)
    cut, realigned = jumps(pooled, track, usable, step)
    turned = spread(*(np.abs(angles).max(axis=1) > least for least in (_TURNED, _STAYS_TURNED)))
    shut = eyes_closed(cues, angles, step)
    blink = spread(signals.blink > _BLINK, signals.blink > _STAYS_BLINK) & ~shut
    found = {
        "no_face": ~usable,
        "cut": cut,
        "realigned": realigned,
        "light": _light(eyes, cues.stroke, blink, step) & ~cut & ~realigned,
        "head_fast": signals.head_motion > _FAST,
        "head_turn": turned,
        "eyes_closed": shut,
        "blink": blink,
    }
    seen = {name: found[name] & (usable | (name == "no_face")) for name in NAMES}
    grades = [gravity * seen[name] for name, gravity in _GRAVITY.items()]
    grades.append(np.clip(signals.head_motion / (2.0 * _FAST), 0.0, 1.0))
    grades.append(np.clip(np.abs(angles).max(axis=1) / (2.0 * _TURNED), 0.0, 0.8))
    grades.append(0.5 * signals.blink)
    return States(
        names=NAMES,
        held=np.stack([seen[name] for name in NAMES], axis=1),
        disturbed=np.maximum.reduce(grades).astype(np.float32),
        angles=angles.astype(np.float32),
    )


def labels(states: States) -> np.ndarray:
    """Name of the gravest state of every frame, "" where none holds: (N,) of str."""
    table = np.array([*states.names, ""])
    first = np.where(states.held.any(axis=1), states.held.argmax(axis=1), len(states.names))
    return table[first]


def _light(eyes: np.ndarray, stroke: np.ndarray, blink: np.ndarray, step: float) -> np.ndarray:
    """Frames (N,) in which both eyes change their brightness alike, and neither contrast nor lids.

    Args:
        eyes: (N, 2, 2) mean and standard deviation of grey inside both apertures, no NaN.
        stroke: (N,) how far the lids are down, in full strokes.
        blink: (N,) bool.
        step: sampling period, s.
    """
    lag = max(1, round(_LIGHT_STEP / step))
    found = np.zeros(len(eyes), dtype=bool)
    if len(eyes) <= lag:
        return found
    look = np.log(np.maximum(eyes, (4.0, 0.5)))
    change = look[lag:] - look[:-lag]  # (N - lag, 2 eyes, mean and spread)
    least, most = change.min(axis=(1, 2)), change.max(axis=(1, 2))
    size = np.minimum(np.abs(least), np.abs(most))
    alike = (np.sign(least) == np.sign(most)) & (most - least < _ALIKE * size)
    calm = (np.abs(stroke[lag:] - stroke[:-lag]) < _CALM) & ~blink[lag:] & ~blink[:-lag]
    for at in np.flatnonzero((size > _LIGHT) & alike & calm):
        found[at : at + lag + 1] = True
    return found
