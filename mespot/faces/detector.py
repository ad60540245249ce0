"""Face boxes and 68 landmarks, behind an interface that another detector can fill."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from mespot.core.errors import MespotError
from mespot.core.files import atomic_path

# HOG finds faces from 80 px on. Faces of the size that is asked for are found at the first width,
# those of half the size at the second, which costs four times as much and is tried only in need.
_SMALLEST = 80  # px
_SEARCHES = (1, 2)  # widths, in the first one
# The score of a weak, but mostly true, hit; hits below are textures. Scores of clear faces: 1-3.
_MIN_SCORE = 0.0
_CLEAR_SCORE = 1.5  # of a confidence of 1
# The landmark model returns whole pixels and shakes with its box. Upscaling the face and averaging
# over shifted boxes halves the noise, from 0.006 to 0.0035 inter-ocular distances (rendered face);
# eight boxes would bring it to 0.0025, at twice the time, but key frames are averaged anyway.
_FACE_SIDE = 480  # px
_BOX_SHIFTS = ((0.0, 0.0, 1.0), (0.02, 0.02, 1.05), (-0.02, -0.02, 1.05), (0.0, 0.0, 0.95))
# The landmark model compares grey levels: on faces of a tenth of the usual contrast it is 0.08
# inter-ocular distances off, and half of them are not found; stretched ones are as good as others
# (24 real clips).
_DIM_PICTURE = 64  # grey levels between the darkest and the brightest parts of a picture
_TAIL = 5e-4  # share of the pixels that are darker or brighter still
_DIM_FACE = 16  # standard deviation of grey levels; it is 17 to 62 in faces of 48 real clips
_CONTRAST, _BRIGHTNESS = 40, 120  # standard deviation and mean of faces that were dim

SMALLEST = 1 / 6
"""Width of the faces that are looked for, as a share of the picture."""


@dataclass(frozen=True)
class Face:
    """One detected face.

    Attributes:
        box: (4,) float64 left, top, right, bottom, px.
        landmarks: (68, 2) float32 x, y, px.
        confidence: in [0, 1].
    """

    box: np.ndarray
    landmarks: np.ndarray
    confidence: float

    @property
    def width(self) -> float:
        """Width of the box, px."""
        return float(self.box[2] - self.box[0])


class FaceDetector(Protocol):
    """Anything that finds faces with the 68 iBUG landmarks."""

    def detect(self, image: np.ndarray, smallest: float = SMALLEST) -> list[Face]:
        """Return the faces of an RGB (H, W, 3) or grey (H, W) uint8 image, largest first.

        Args:
            image: picture.
            smallest: width of a face as a share of the picture's longer side, down to which faces
                are sure to be looked for.
        """


class DlibDetector:
    """dlib's frontal HOG detector and its 68-point shape predictor (Kazemi and Sullivan 2014)."""

    def detect(self, image: np.ndarray, smallest: float = SMALLEST) -> list[Face]:
        """Return the faces of an RGB (H, W, 3) or grey (H, W) uint8 image, largest first."""
        grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        for factor in _SEARCHES:
            faces = self._search(grey, round(factor * _SMALLEST / smallest))
            if faces:
                return sorted(faces, key=lambda face: -face.width)
        return []

    def _search(self, grey: np.ndarray, side: int) -> list[Face]:
        ratio = side / max(grey.shape)
        shape = [max(1, round(length * ratio)) for length in grey.shape[::-1]]
        method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
        small = cv2.resize(grey, shape, interpolation=method)
        small = _stretched(small)
        boxes, scores, _ = _hog().run(np.ascontiguousarray(small), 0, _MIN_SCORE)
        faces = []
        for box, score in zip(boxes, scores, strict=True):
            corners = np.array([box.left(), box.top(), box.right() + 1, box.bottom() + 1])
            corners = corners / ratio
            confidence = 0.5 + 0.5 * min(max(score, 0.0) / _CLEAR_SCORE, 1.0)
            faces.append(Face(corners, _landmarks(grey, corners), float(confidence)))
        return faces


def _landmarks(grey: np.ndarray, box: np.ndarray) -> np.ndarray:
    import dlib

    side = box[2] - box[0]
    zoom = _FACE_SIDE / 2 / side
    centre = (box[:2] + box[2:]) / 2
    middle = (_FACE_SIDE - 1) / 2
    matrix = np.array([[zoom, 0, middle - zoom * centre[0]], [0, zoom, middle - zoom * centre[1]]])
    factor = int(1 / zoom)
    if factor > 1:
        # A plain warp would skip pixels of a very large face.
        grey = cv2.blur(grey, (factor, factor))
    face = cv2.warpAffine(
        grey,
        matrix,
        (_FACE_SIDE, _FACE_SIDE),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    face = _bright(face)
    predictor = _shape_predictor()
    total = np.zeros((68, 2))
    for shift_x, shift_y, growth in _BOX_SHIFTS:
        half = zoom * side * growth / 2
        x, y = middle + zoom * side * shift_x, middle + zoom * side * shift_y
        corners = (round(x - half), round(y - half), round(x + half), round(y + half))
        shape = predictor(face, dlib.rectangle(*corners))
        total += [(shape.part(i).x, shape.part(i).y) for i in range(68)]
    points = total / len(_BOX_SHIFTS)
    return ((points - matrix[:, 2]) / zoom).astype(np.float32)


def _stretched(picture: np.ndarray) -> np.ndarray:
    """Return a grey picture as it is, or over the whole range of grey levels where it is dim."""
    counts = cv2.calcHist([picture], [0], None, [256], [0, 256]).ravel()
    share = np.cumsum(counts) / picture.size
    low, high = (int(np.searchsorted(share, tail)) for tail in (_TAIL, 1 - _TAIL))
    if high - low >= _DIM_PICTURE:
        return picture
    gain = 255 / max(high - low, 2)
    return cv2.addWeighted(picture, gain, picture, 0, -gain * low)


def _bright(face: np.ndarray) -> np.ndarray:
    """Return a face's picture as it is, or with the usual contrast where its middle is dim."""
    quarter = _FACE_SIDE // 4
    mean, contrast = cv2.meanStdDev(face[quarter:-quarter, quarter:-quarter])
    if contrast.item() >= _DIM_FACE:
        return face
    gain = _CONTRAST / max(contrast.item(), 0.5)
    return cv2.addWeighted(face, gain, face, 0, _BRIGHTNESS - gain * mean.item())


@functools.cache
def _hog() -> Any:
    import dlib

    # The detector lies in dlib as text whose unpacking takes half a second; from a file it takes
    # milliseconds. A cache that cannot be read or written costs that time and nothing else.
    path = _cache() / f"dlib-{dlib.__version__}-frontal.svm"
    with contextlib.suppress(OSError, RuntimeError):
        return dlib.fhog_object_detector(str(path))
    detector = dlib.get_frontal_face_detector()
    with contextlib.suppress(OSError, RuntimeError), atomic_path(path) as temporary:
        detector.save(str(temporary))
    return detector


def _cache() -> Path:
    """Return the folder of what may be deleted at any time (XDG base directories)."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if home else Path.home() / ".cache") / "mespot"


@functools.cache
def _shape_predictor() -> Any:
    import dlib

    return dlib.shape_predictor(str(_model_file()))


def _model_file() -> Path:
    # The package itself does not import on current setuptools; only its data file is needed.
    spec = importlib.util.find_spec("face_recognition_models")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "models" / "shape_predictor_68_face_landmarks.dat"
        if path.is_file():
            return path
    raise MespotError(
        "shape_predictor_68_face_landmarks.dat not found: install face_recognition_models==0.3.0"
    )
