"""What a face does, as a few numbers per moment: brows up, corners out, lips apart and so on.

The regions of the face (``mespot.flow.regions``) move together when a muscle acts. A channel is the
mean movement of the regions that one action moves, in its direction; three more tell how far the
region that is second farthest from its usual place has gone, whatever the direction, in the upper
face, the lower face and anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.flow.filters import BoxMeans, smooth
from mespot.flow.signals import FlowSignals

SMOOTHING = 0.1
"""Width of the triangle by which channels are smoothed, s."""
_USUAL = 12.0  # s over which a region's usual place is taken
_USUAL_STEPS = 120  # places in that time at which it is looked at
_MOUTH_SPAN = 0.4  # s to both sides, over which the speed of the mouth is averaged
_TALKING = 0.1  # IOD/s; a mouth that is faster than this for long is talking or chewing
_TALK_SHARE = 0.4  # what the mouth's regions count for then
_FAST_HEAD = 3.0  # IOD/s that halve what is measured

_BROWS = ("brow_inner", "brow_mid", "brow_outer")
MEASURED = (
    "brow_r", "brow_l", "brow", "inner", "pinch", "corner_out", "corner_up", "smile_r", "smile_l",
    "lips", "upper_lip", "lower_lip", "chin", "cheek", "wing", "lid", "lower_lid", "mouth_x",
)  # fmt: skip
AWAY = ("away_upper", "away_lower", "away_any")
NAMES = MEASURED + AWAY


@dataclass(frozen=True)
class Channels:
    """Channels of one video.

    Attributes:
        values: (N, K) float64 IOD in the order of ``NAMES``; those of ``AWAY`` are >= 0.
        mouth_speed: (N,) float64 mean speed of the mouth's regions, IOD/s.
    """

    values: np.ndarray
    mouth_speed: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[:, NAMES.index(name)]


def channels_of(signals: FlowSignals) -> Channels:
    """Make the channels of one video."""
    names, step = list(signals.regions), signals.step
    moved = smooth(np.asarray(signals.displacement, dtype=np.float64), step, SMOOTHING)  # (N, R, 2)

    def along(axis: int, *regions: str) -> np.ndarray:
        return moved[:, [names.index(region) for region in regions], axis].mean(axis=1)

    def up(*regions: str) -> np.ndarray:
        return -along(1, *regions)

    right, left = (tuple(f"{brow}_{side}" for brow in _BROWS) for side in "rl")
    corner_r, corner_l = along(0, "lip_corner_r"), along(0, "lip_corner_l")
    values = {
        "brow_r": up(*right),
        "brow_l": up(*left),
        "brow": up(*right, *left),
        "inner": up("brow_inner_r", "brow_inner_l", "glabella"),
        "pinch": 0.5 * (along(0, "brow_inner_r") - along(0, "brow_inner_l")),
        "corner_out": 0.5 * (corner_l - corner_r),
        "corner_up": up("lip_corner_l", "lip_corner_r"),
        "smile_r": (up("lip_corner_r") - corner_r) / np.sqrt(2.0),
        "smile_l": (up("lip_corner_l") + corner_l) / np.sqrt(2.0),
        "lips": along(1, "lower_lip") - along(1, "upper_lip_r", "upper_lip_l"),
        "upper_lip": up("upper_lip_r", "upper_lip_l"),
        "lower_lip": along(1, "lower_lip"),
        "chin": along(1, "chin", "chin_r", "chin_l"),
        "cheek": up("infraorbital_r", "infraorbital_l", "cheek_r", "cheek_l"),
        "wing": up("nose_wing_r", "nose_wing_l"),
        "lid": up("lid_upper_r", "lid_upper_l"),
        "lower_lid": up("lid_lower_r", "lid_lower_l"),
        "mouth_x": 0.5 * (corner_l + corner_r),
    }
    away, mouth_speed = _away(moved, names, np.asarray(signals.head_motion, np.float64), step)
    table = np.stack([values[name] for name in MEASURED] + away, axis=1)
    return Channels(table, mouth_speed)


def _away(
    moved: np.ndarray, names: list[str], head_speed: np.ndarray, step: float
) -> tuple[list[np.ndarray], np.ndarray]:
    """Values of ``AWAY``, each (N,), and the speed of the mouth (N,)."""
    mouth = np.array(
        [name.startswith(("upper_lip", "lower_lip", "lip_", "chin")) for name in names]
    )
    upper = np.array([name.startswith(("brow", "glab", "lid_lower", "infra")) for name in names])
    counted = np.array([not name.startswith("lid_upper") for name in names])
    if len(moved) < 2:
        return [np.zeros(len(moved))] * 3, np.zeros(len(moved))
    far = np.linalg.norm(moved - _usual(moved, step), axis=2)  # (N, R)
    speed = np.linalg.norm(np.gradient(moved[:, mouth], step, axis=0), axis=2).mean(axis=1)
    speed = BoxMeans(speed, step).mean(-_MOUTH_SPAN, _MOUTH_SPAN)
    far[:, mouth] *= np.where(speed > _TALKING, _TALK_SHARE, 1.0)[:, None]
    far /= (1.0 + (head_speed / _FAST_HEAD) ** 2)[:, None]
    groups = (upper & counted, ~upper & counted, counted)
    return [np.partition(far[:, group], -2, axis=1)[:, -2] for group in groups], speed


def _usual(moved: np.ndarray, step: float) -> np.ndarray:
    """Rolling median (N, R, 2) over ``_USUAL`` seconds, linear between places .5 s apart."""
    count = len(moved)
    flat = moved.reshape(count, -1)
    half = max(1, round(0.5 * _USUAL / step))
    places = np.unique(np.linspace(0, count - 1, 2 + round(count * step / 0.5)).round().astype(int))
    level = np.empty((len(places), flat.shape[1]))
    for row, place in zip(level, places.tolist(), strict=True):
        low, high = max(place - half, 0), min(place + half + 1, count)
        row[:] = np.median(flat[low : high : max(1, (high - low) // _USUAL_STEPS)], axis=0)
    # linear between the places, for all regions at once
    right = np.clip(np.searchsorted(places, np.arange(count)), 1, max(len(places) - 1, 1))
    left = right - 1
    share = (np.arange(count) - places[left]) / np.maximum(places[right] - places[left], 1)
    usual = level[left] + share[:, None] * (level[right] - level[left])
    return usual.reshape(moved.shape)
