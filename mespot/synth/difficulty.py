"""How hard a video of the embedded data is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difficulty:
    """Strength of everything that is not an expression.

    Attributes:
        shift: head shift, IOD rms.
        roll: in-plane turn, degrees rms.
        scale: change of size, rms share.
        turn: out-of-plane turn (yaw and pitch each), degrees rms.
        nod: size of quick nods, IOD.
        nod_every: mean time between nods, s.
        drift: slow unlabelled facial movement, IOD rms per moving part.
        light: change of brightness, rms share.
        blur: sigma of the defocus, IOD rms.
        noise: sensor noise, grey levels rms.
    """

    shift: float
    roll: float
    scale: float
    turn: float
    nod: float
    nod_every: float
    drift: float
    light: float
    blur: float
    noise: float


DIFFICULTIES = {
    "easy": Difficulty(0.02, 0.5, 0.004, 0.0, 0.04, 8.0, 0.0, 0.01, 0.0, 1.0),
    "planar": Difficulty(0.11, 2.5, 0.025, 0.0, 0.14, 4.0, 0.0, 0.02, 0.0, 1.5),
    "hard": Difficulty(0.11, 2.5, 0.025, 2.0, 0.14, 4.0, 0.008, 0.03, 0.006, 2.5),
}
"""easy: small head motion; planar: strong motion in the image plane; hard: turns, drift, blur."""
