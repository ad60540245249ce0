"""Where the head points: yaw and pitch per crop, against the usual pose of the video.

Key frames have landmarks, whose nose tip against the eye corners gives the angle itself, every two
seconds and wherever the head has turned so far that it was found anew; between them the flow of
nose and eye corners tells how the head turns. Flow alone gives up beyond some 20 degrees, key
frames alone miss a quick turn.
"""

from __future__ import annotations

import numpy as np

from mespot.crops.track import FaceTrack
from mespot.flow.filters import fill_gaps, smooth
from mespot.flow.pooling import RegionFlow
from mespot.flow.regions import ANCHORS

_NOSE = ("nose_lower", "nose_tip")
_BACK = ("eye_inner_r", "eye_inner_l", "eye_outer_r", "eye_outer_l", "cheekbone_r", "cheekbone_l")
_CORNERS = [36, 39, 42, 45]
_TIP = 30
_TIP_DEPTH = 0.52  # IOD of the nose tip in front of the eye corners of an average head
_QUIET = 0.12  # s, smoothing of what flow tells


def head_angles(pooled: RegionFlow, track: FaceTrack, step: float) -> np.ndarray:
    """Yaw (to the picture's right) and pitch (down) against the usual pose, degrees: (N, 2)."""
    index = {region.name: number for number, region in enumerate(ANCHORS)}
    anchors = pooled.displacement[:, -len(ANCHORS) :]  # (N, A, 2)
    depth = {name: ANCHORS[index[name]].depth for name in _NOSE + _BACK}
    ahead = np.mean([depth[name] for name in _NOSE]) - np.mean([depth[name] for name in _BACK])
    parallax = anchors[:, [index[name] for name in _NOSE]].mean(axis=1)
    parallax = parallax - anchors[:, [index[name] for name in _BACK]].mean(axis=1)
    known = np.isfinite(parallax).all(axis=1)
    angles = np.degrees(smooth(fill_gaps(parallax / ahead, known), step, _QUIET))
    if len(track.key) > 1:
        at = np.asarray(track.key)
        off = key_angles(track.key_landmarks) - angles[at]  # (K, 2)
        times = np.arange(len(angles))
        angles += np.stack([np.interp(times, at, column) for column in off.T], axis=-1)
    return angles - np.median(angles[known], axis=0) if known.any() else angles


def key_angles(landmarks: np.ndarray) -> np.ndarray:
    """Yaw and pitch from landmarks (K, 68, 2), degrees up to a constant: (K, 2)."""
    points = np.asarray(landmarks, dtype=np.float64)
    right, left = points[:, _CORNERS[:2]].mean(axis=1), points[:, _CORNERS[2:]].mean(axis=1)
    across = left - right
    span = np.linalg.norm(across, axis=1, keepdims=True)
    across = across / span
    down = np.stack([-across[:, 1], across[:, 0]], axis=1)
    tip = (points[:, _TIP] - 0.5 * (right + left)) / span  # (K, 2) IOD
    along = np.stack([(tip * across).sum(axis=1), (tip * down).sum(axis=1)], axis=1)
    return np.degrees(np.arctan(along / _TIP_DEPTH))
