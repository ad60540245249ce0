"""Facial actions as directions in the space of region displacements.

Each muscle pulls known regions in known directions (FACS). Adding the regions that move together,
each in its direction, raises a weak movement above the noise of single regions, and motion that
fits no action is hardly an expression. Every single region along x and along y is a direction too,
so that an unusual movement is not missed, but has to stand out twice as far.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mespot.flow.regions import EXPRESSIVE

ACTIONS: dict[str, dict[str, tuple[float, float]]] = {
    "inner brow raise (AU1)": {"brow_inner": (0, -1), "brow_mid": (0, -0.6), "glabella": (0, -0.5)},
    "outer brow raise (AU2)": {"brow_outer": (0, -1), "brow_mid": (0, -0.8)},
    "brow raise (AU1+2)": {"brow_inner": (0, -1), "brow_mid": (0, -1), "brow_outer": (0, -0.9)},
    "brow lower (AU4)": {
        "brow_inner": (-0.4, 0.9),
        "brow_mid": (-0.3, 0.8),
        "glabella": (0, 0.6),
        "brow_outer": (-0.1, 0.3),
    },
    "cheek raise (AU6)": {"infraorbital": (0, -1), "cheek": (0, -0.5)},
    "nose wrinkle (AU9)": {"nose_wing": (0, -1), "glabella": (0, 0.4), "brow_inner": (0, 0.3)},
    "upper lip raise (AU10)": {"upper_lip": (0, -1), "nose_wing": (0, -0.6)},
    "lip corner pull (AU12)": {"lip_corner": (0.7, -0.7), "cheek": (0.1, -0.5)},
    "dimple (AU14)": {"lip_corner": (1, 0)},
    "lip corner depress (AU15)": {"lip_corner": (0, 1), "chin_side": (0, 0.3)},
    "chin raise (AU17)": {"chin": (0, -1), "chin_side": (0, -0.7), "lower_lip": (0, -0.7)},
    "lip stretch (AU20)": {"lip_corner": (1, 0.1), "chin_side": (0.4, 0), "upper_lip": (0.3, 0)},
    "lip press (AU24)": {"upper_lip": (0, 0.6), "lower_lip": (0, -1), "chin": (0, -0.3)},
    "lips part (AU25)": {"upper_lip": (0, -0.4), "lower_lip": (0, 1), "chin": (0, 0.4)},
    "jaw drop (AU26)": {"chin": (0, 1), "chin_side": (0, 1), "lower_lip": (0, 0.9)},
}
"""Action -> regions of one side (x away from the mid line, y down) and their relative movement."""

_MIDLINE = ("glabella", "lower_lip", "chin")
_UNUSUAL = 0.5  # trust in a movement that no muscle makes by itself
_EYELIDS = ("lid_upper_r", "lid_upper_l", "lid_lower_r", "lid_lower_l")


@dataclass(frozen=True)
class Directions:
    """All directions that are looked at.

    Attributes:
        names: (K,) what a movement along the direction is called.
        opposites: (K,) what a movement against it is called; empty where no muscle does that.
        weights: (K, R, 2) share of every region, x right and y down; each of unit length.
        trust: (K,) by which evidence along the direction counts, 1 for facial actions.
    """

    names: tuple[str, ...]
    opposites: tuple[str, ...]
    weights: np.ndarray
    trust: np.ndarray


def make_actions() -> Directions:
    """Return all directions: facial actions, then single regions along both axes.

    Every action comes for both sides together, for the right and for the left half; mid-line
    regions take part in all three. Lids are in none: they belong to blinks and gaze.
    """
    index = {region.name: number for number, region in enumerate(EXPRESSIVE)}
    names, opposites, weights = [], [], []
    for action, parts in ACTIONS.items():
        for side in ("", " right", " left"):
            table = np.zeros((len(EXPRESSIVE), 2))
            for part, (away, down) in parts.items():
                for suffix, outward in (("_r", -1.0), ("_l", 1.0)):
                    if side and suffix[1] != side[1]:
                        continue
                    if part in _MIDLINE:
                        table[index[part]] = (0.0, down)
                    else:
                        name = part.replace("chin_side", "chin") + suffix
                        table[index[name]] = (outward * away, down)
            names.append(action + side)
            opposites.append("")
            weights.append(table)
    for region, number in index.items():
        if region in _EYELIDS:
            continue
        # x grows to the right of the picture, which is the subject's left
        for axis, (along, against) in enumerate((("leftwards", "rightwards"), ("down", "up"))):
            table = np.zeros((len(EXPRESSIVE), 2))
            table[number, axis] = 1.0
            names.append(f"{region.replace('_', ' ')} {along}")
            opposites.append(f"{region.replace('_', ' ')} {against}")
            weights.append(table)
    stacked = np.stack(weights)
    stacked /= np.linalg.norm(stacked, axis=(1, 2), keepdims=True)
    trust = np.where([opposite == "" for opposite in opposites], 1.0, _UNUSUAL)
    return Directions(tuple(names), tuple(opposites), stacked, trust)
