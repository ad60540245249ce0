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


def rigid_parts(landmarks: np.ndarray, size: int) -> list[np.ndarray]:
    """Return (size, size) bool masks of parts that mostly move with the head only.

    Discs along the nose, beside the eye corners and on the cheek bones. Each expression moves
    some of them; no expression moves most. The forehead is left out: it follows the brows, and a
    raised brow would look like a nod.

    Args:
        landmarks: (68, 2) crop px.
        size: crop width and height, px.
    """
    right, left = eye_centres(landmarks)
    across = left - right
    iod = float(np.hypot(*across))
    points = landmarks.astype(np.float64)
    cheek_bones = [points[[1, 2]].mean(axis=0) + 0.22 * across]
    cheek_bones.append(points[[14, 15]].mean(axis=0) - 0.22 * across)
    centres = [
        points[27],
        points[28],
        points[29],
        points[30],
        points[33],
        points[39] + 0.06 * across,
        points[42] - 0.06 * across,
        points[36] - 0.08 * across,
        points[45] + 0.08 * across,
        *cheek_bones,
    ]
    masks = []
    for centre in centres:
        mask = np.zeros((size, size), np.uint8)
        place = tuple(round(float(value)) for value in centre)
        cv2.circle(mask, place, round(0.14 * iod), 1, cv2.FILLED)
        masks.append(mask.astype(bool))
    return masks


def face_quarters(landmarks: np.ndarray, size: int) -> list[np.ndarray]:
    """Return (size, size) bool masks of the inner face's quarters, without the background.

    Args:
        landmarks: (68, 2) crop px.
        size: crop width and height, px.
    """
    face = np.zeros((size, size), np.uint8)
    hull = cv2.convexHull(np.round(landmarks[np.concatenate([JAW[1:-1], BROWS])]).astype(np.int32))
    cv2.fillConvexPoly(face, hull, 1)
    iod = float(np.hypot(*np.diff(eye_centres(landmarks), axis=0)[0]))
    reach = 2 * round(0.12 * iod) + 1
    inner = cv2.erode(face, np.ones((reach, reach), np.uint8), borderValue=0).astype(bool)
    column, row = (round(float(value)) for value in landmarks[NOSE].mean(axis=0))
    quarters = []
    for rows in (slice(0, row), slice(row, size)):
        for columns in (slice(0, column), slice(column, size)):
            quarter = np.zeros_like(inner)
            quarter[rows, columns] = inner[rows, columns]
            quarters.append(quarter)
    return quarters
