"""The 68-point face scheme (iBUG 300-W): groups, rigid parts, the geometry of a crop."""

from __future__ import annotations

import cv2
import numpy as np

from mespot.faces.geometry import fit_similarity

JAW = np.arange(0, 17)
BROWS = np.arange(17, 27)
NOSE = np.arange(27, 36)
RIGHT_EYE_CORNERS = (36, 39)
LEFT_EYE_CORNERS = (42, 45)

# Points that no facial muscle moves much: eye corners, nose bridge, tip and base.
RIGID = np.array([27, 28, 29, 30, 33, 36, 39, 42, 45])


def eye_centres(landmarks: np.ndarray) -> np.ndarray:
    """Return (2, 2) eye centres, the picture's left one first.

    The middle of the two corners stands for the pupil: unlike the lids it stays during a blink.
    """
    return np.stack(
        [
            landmarks[list(RIGHT_EYE_CORNERS)].mean(axis=0),
            landmarks[list(LEFT_EYE_CORNERS)].mean(axis=0),
        ]
    ).astype(np.float64)


def crop_anchor(size: int, eye_line: float) -> np.ndarray:
    """Return the (2,) crop position of the middle between the eyes, px."""
    return np.array([(size - 1) / 2, eye_line * size])


def upright(landmarks: np.ndarray, size: int, iod: float, eye_line: float) -> np.ndarray:
    """Return the (2, 3) similarity that puts the eye centres at their place in a crop.

    Args:
        landmarks: (68, 2) frame px.
        size: crop width and height, px.
        iod: inter-ocular distance in the crop, fraction of ``size``.
        eye_line: height of the eyes in the crop, fraction of ``size``.
    """
    anchor = crop_anchor(size, eye_line)
    half = np.array([iod * size / 2, 0.0])
    return fit_similarity(eye_centres(landmarks), np.stack([anchor - half, anchor + half]))


def rigid_mask(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return a (size, size) bool mask of the parts that only move with the head.

    Nose bridge and nose, and discs at the outward and inward side of the eye corners. The
    forehead is left out: it follows the brows, and a raised brow would look like a nod.

    Args:
        landmarks: (68, 2) crop px.
        size: crop width and height, px.
    """
    mask = np.zeros((size, size), np.uint8)
    right, left = eye_centres(landmarks)
    across = left - right
    iod = float(np.hypot(*across))
    down = np.array([-across[1], across[0]])
    nose = landmarks[NOSE].astype(np.float64)
    bridge = np.stack([nose[0] + f * across - 0.10 * down for f in (-0.08, 0.08)])
    _fill(mask, np.concatenate([nose, bridge]))
    inner = [landmarks[39] + 0.05 * across, landmarks[42] - 0.05 * across]
    _fill(mask, np.stack([*inner, nose[1] + 0.1 * across, nose[1] - 0.1 * across]))
    outer = [landmarks[36] - 0.10 * across, landmarks[45] + 0.10 * across]
    for point in (*outer, *inner):
        centre = (round(float(point[0])), round(float(point[1])))
        cv2.circle(mask, centre, round(0.13 * iod), 1, cv2.FILLED)
    reach = 2 * round(0.04 * iod) + 1
    return cv2.dilate(mask, np.ones((reach, reach), np.uint8)).astype(bool)


def face_mask(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return a (size, size) bool mask of the inner face, free of the background at its rim."""
    mask = np.zeros((size, size), np.uint8)
    _fill(mask, landmarks[np.concatenate([JAW[1:-1], BROWS])])
    iod = float(np.hypot(*np.diff(eye_centres(landmarks), axis=0)[0]))
    reach = 2 * round(0.12 * iod) + 1
    return cv2.erode(mask, np.ones((reach, reach), np.uint8), borderValue=0).astype(bool)


def _fill(mask: np.ndarray, points: np.ndarray) -> None:
    hull = cv2.convexHull(np.round(points).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 1)
