"""Faces that a plain search of the frame misses: cut by its border, rolled, or small.

The detector sees upright faces (up to 35 degrees of roll) that lie inside the picture and take
at least a twelfth of its longer side. Pictures are made of the frame in which others look like
that. Whatever is seen there counts once it is seen again upright and at full resolution, which
also gives landmarks to rely on: those of a face rolled by 40 degrees are 0.05 inter-ocular
distances off, upright ones 0.007 (48 real clips).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from mespot.faces.detector import SMALLEST, Face, FaceDetector
from mespot.faces.geometry import invert, scale_of, similarity, transform
from mespot.faces.landmarks import eye_centres, upright

ROLLS = (45, -45)
"""Degrees by which pictures are turned."""

LARGEST_ROLL = 75
"""Degrees of roll up to which they are found: of 16 real faces 15 upright, 15 at 80, 14 at 90."""

LEAST_FACE = 40
"""px: width of the smallest face that is looked for; it has 12 to 17 px between the eyes."""

_TURNED = 960  # px, longer side of a turned frame; faces of an eighth of it are found for sure
_BORDER = 0.25  # width of the replicated border, share of the shorter side
_CUT_FACE = 1 / 3  # share of the bordered picture: a face that the frame cuts is a large one
_LONGEST = 3840  # px, longer side of the largest picture that is searched
_VIEW = 480  # px, side of the upright picture
_VIEW_IOD, _VIEW_EYES = 0.2, 0.42  # inter-ocular distance and height of the eyes there, shares
_VIEW_FACE = 1 / 3  # share of that picture that a face takes at least
_AWAY = 0.7  # inter-ocular distances by which a face may lie elsewhere when seen upright
_SIZE_RATIO = 1.5  # between both
_LOOKS = 4  # upright views of one face, each turned as the one before says
_SETTLED = 0.1  # inter-ocular distances between two of them: the last one is upright indeed


def further_searches(detector: FaceDetector, image: np.ndarray) -> Iterator[list[Face]]:
    """Search pictures made of a frame, the likelier and cheaper ones first.

    Args:
        detector: finds upright faces.
        image: uint8 RGB (H, W, 3) or grey (H, W).

    Yields:
        the faces of one picture, in frame px, largest first; landmarks may be imprecise.
    """
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    border = round(_BORDER * min(height, width))
    bordered = cv2.copyMakeBorder(grey, border, border, border, border, cv2.BORDER_REPLICATE)
    moved = np.array([[1.0, 0, border], [0, 1, border]])
    yield _back(detector.detect(bordered, _CUT_FACE), moved)
    for degrees in ROLLS:
        turned, matrix = _turned(grey, math.radians(degrees))
        yield _back(detector.detect(turned), matrix)
    longer = max(height, width)
    # The detector also tries half the size that it is asked for.
    smallest = 2 * max(LEAST_FACE / longer, 80 / _LONGEST)
    if smallest < 0.8 * SMALLEST:
        yield detector.detect(grey, smallest)


def seen_upright(detector: FaceDetector, image: np.ndarray, face: Face) -> Face | None:
    """Return the same face as an upright view of it shows it; None when that shows no face.

    Args:
        detector: finds upright faces.
        image: uint8 RGB (H, W, 3) or grey (H, W).
        face: where to look, frame px.
    """
    for _ in range(_LOOKS):
        eyes = eye_centres(face.landmarks)
        face = look_near(detector, image, eyes)
        if face is None or eyes_apart(eye_centres(face.landmarks), eyes) < _SETTLED:
            return face
    return None


def eyes_apart(eyes: np.ndarray, others: np.ndarray) -> float:
    """Return how far eyes lie from others (2, 2), the farther one, in distances of the others."""
    return float(np.hypot(*(eyes - others).T).max() / np.hypot(*(others[1] - others[0])))


def look_near(detector: FaceDetector, image: np.ndarray, eyes: np.ndarray) -> Face | None:
    """Return the face whose eyes are about there, from an upright view at full resolution.

    Args:
        detector: finds upright faces.
        image: uint8 RGB (H, W, 3) or grey (H, W).
        eyes: (2, 2) frame px of the eye centres, the right eye (left in the picture) first.
    """
    points = np.zeros((68, 2))
    points[[36, 39]], points[[42, 45]] = eyes
    matrix = upright(points, _VIEW, _VIEW_IOD, _VIEW_EYES)
    view = _warped(image, matrix, (_VIEW, _VIEW))
    best, least = None, _AWAY
    width = _VIEW_IOD * _VIEW
    for face in detector.detect(view, _VIEW_FACE):
        found = eye_centres(face.landmarks)
        away = eyes_apart(found, transform(matrix, eyes))
        ratio = np.hypot(*(found[1] - found[0])) / width
        if away < least and 1 / _SIZE_RATIO < ratio < _SIZE_RATIO:
            best, least = face, away
    return None if best is None else _back([best], matrix)[0]


def _back(faces: list[Face], matrix: np.ndarray) -> list[Face]:
    """Return faces of a picture in frame px; ``matrix`` is (2, 3) frame px to picture px."""
    inverse = invert(matrix)
    moved = []
    for face in faces:
        centre = transform(inverse, (face.box[:2] + face.box[2:]) / 2)
        half = (face.box[2:] - face.box[:2]) / 2 * scale_of(inverse)
        box = np.concatenate([centre - half, centre + half])
        landmarks = transform(inverse, face.landmarks).astype(np.float32)
        moved.append(Face(box, landmarks, face.confidence))
    return moved


def _turned(grey: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the frame turned by ``angle`` rad, and (2, 3) frame px to px of that picture."""
    height, width = grey.shape
    cos, sin = math.cos(angle), abs(math.sin(angle))
    size = np.array([cos * width + sin * height, sin * width + cos * height])
    scale = min(1.0, _TURNED / size.max())
    size = np.ceil(scale * size)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = similarity(angle, math.log(scale), centre, (size - 1) / 2)
    return _warped(grey, matrix, (int(size[0]), int(size[1]))), matrix


def _warped(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a similarity's picture (size[1], size[0]) of a frame, in grey, without aliasing."""
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    boxes = max(1, int(1 / scale_of(matrix)))
    if boxes > 1:
        image = cv2.blur(image, (boxes, boxes))
    return cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
