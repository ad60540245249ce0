"""Facial regions tied to the 68 landmarks (iBUG 300-W order), as soft weights over a crop.

``_r`` and ``_l`` are the subject's right and left (right = left half of the picture). Expressive
regions carry the signals; anchors move with the skull only and carry the head motion.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np


@dataclass(frozen=True)
class Region:
    """A Gaussian patch of skin.

    Attributes:
        name: what it is called in signals and tables.
        points: landmarks (0-based) whose mean is the centre.
        offset: shift of the centre in IOD, x right and y down.
        sigma: standard deviation of the weight in IOD.
        depth: distance towards the camera from the eye corners, in IOD, of an average head.
        trust: weight in the fit of the head; skin that raised brows pull along has less.
    """

    name: str
    points: tuple[int, ...]
    offset: tuple[float, float]
    sigma: float
    depth: float
    trust: float = 1.0


EXPRESSIVE = (
    Region("brow_outer_r", (17, 18), (0.02, -0.02), 0.09, -0.05),
    Region("brow_mid_r", (19,), (0.0, -0.02), 0.09, 0.05),
    Region("brow_inner_r", (20, 21), (0.0, -0.02), 0.09, 0.12),
    Region("glabella", (21, 22, 27), (0.0, 0.0), 0.08, 0.18),
    Region("brow_inner_l", (22, 23), (0.0, -0.02), 0.09, 0.12),
    Region("brow_mid_l", (24,), (0.0, -0.02), 0.09, 0.05),
    Region("brow_outer_l", (25, 26), (-0.02, -0.02), 0.09, -0.05),
    Region("lid_upper_r", (37, 38), (0.0, 0.0), 0.06, 0.05),
    Region("lid_upper_l", (43, 44), (0.0, 0.0), 0.06, 0.05),
    Region("lid_lower_r", (40, 41), (0.0, 0.06), 0.07, 0.03),
    Region("lid_lower_l", (46, 47), (0.0, 0.06), 0.07, 0.03),
    Region("infraorbital_r", (40, 41), (-0.04, 0.24), 0.1, 0.03),
    Region("infraorbital_l", (46, 47), (0.04, 0.24), 0.1, 0.03),
    Region("cheek_r", (41, 48), (-0.08, -0.02), 0.13, 0.08),
    Region("cheek_l", (46, 54), (0.08, -0.02), 0.13, 0.08),
    Region("nose_wing_r", (31,), (-0.06, -0.04), 0.08, 0.2),
    Region("nose_wing_l", (35,), (0.06, -0.04), 0.08, 0.2),
    Region("upper_lip_r", (49, 50), (0.0, -0.06), 0.08, 0.25),
    Region("upper_lip_l", (52, 53), (0.0, -0.06), 0.08, 0.25),
    Region("lip_corner_r", (48,), (0.0, 0.0), 0.09, 0.12),
    Region("lip_corner_l", (54,), (0.0, 0.0), 0.09, 0.12),
    Region("lower_lip", (56, 57, 58), (0.0, 0.0), 0.09, 0.25),
    Region("chin_r", (5, 6, 58, 59), (0.1, 0.0), 0.1, 0.15),
    Region("chin", (57, 8), (0.0, 0.0), 0.12, 0.2),
    Region("chin_l", (10, 11, 55, 56), (-0.1, 0.0), 0.1, 0.15),
)

ANCHORS = (
    Region("bridge", (27,), (0.0, 0.0), 0.07, 0.2, 0.3),
    Region("nose_upper", (28,), (0.0, 0.0), 0.07, 0.3, 0.7),
    Region("nose_lower", (29,), (0.0, 0.0), 0.07, 0.42, 1.0),
    Region("nose_tip", (30,), (0.0, 0.0), 0.07, 0.5, 1.0),
    Region("eye_inner_r", (39,), (0.06, 0.02), 0.07, 0.05, 0.4),
    Region("eye_inner_l", (42,), (-0.06, 0.02), 0.07, 0.05, 0.4),
    Region("eye_outer_r", (36,), (-0.1, 0.02), 0.08, -0.1, 0.4),
    Region("eye_outer_l", (45,), (0.1, 0.02), 0.08, -0.1, 0.4),
    Region("temple_r", (36,), (-0.28, 0.0), 0.09, -0.3, 0.4),
    Region("temple_l", (45,), (0.28, 0.0), 0.09, -0.3, 0.4),
    Region("cheekbone_r", (36,), (-0.2, 0.25), 0.1, -0.15, 1.0),
    Region("cheekbone_l", (45,), (0.2, 0.25), 0.1, -0.15, 1.0),
)

EYES = ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47))


@dataclass(frozen=True)
class RegionMap:
    """Regions laid out on one crop, at the size at which flow runs.

    Attributes:
        names: names of the expressive regions, R of them.
        weights: float32 (R + A, H * W), each row sums to 1, mostly 0; anchors last.
        centres: (R + A, 2) centre of each region in IOD, eye line at y = 0, x = 0 between the eyes.
        depths: (R + A,) depth of each region in IOD.
        box: x0, y0, x1, y1 of the face in crop px.
        scale: flow px per crop px.
        size: (width, height) of the flow image.
        iod: inter-ocular distance in flow px.
        eyes: bool (2, H, W), the apertures of the right and the left eye.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    centres: np.ndarray
    depths: np.ndarray
    box: tuple[int, int, int, int]
    scale: float
    size: tuple[int, int]
    iod: float
    eyes: np.ndarray

    def cut(self, crop: np.ndarray) -> np.ndarray:
        """Cut the face out of a uint8 (S, S) crop and bring it to the flow size (H, W)."""
        x0, y0, x1, y1 = self.box
        face = crop[y0:y1, x0:x1]
        if face.shape[::-1] == self.size:
            return np.ascontiguousarray(face)
        shrink = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_LINEAR
        return cv2.resize(face, self.size, interpolation=shrink)

    @cached_property
    def _sparse(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pixels of all regions in turn, the weights of their x and y, where each region begins."""
        rows, pixels = np.nonzero(self.weights)
        weights = self.weights[rows, pixels].repeat(2)
        return pixels, weights, np.searchsorted(rows, range(len(self.weights)))

    def pool(self, flow: np.ndarray) -> np.ndarray:
        """Mean displacement per region in IOD: float32 (H, W, 2) px -> (R + A, 2)."""
        pixels, weights, begins = self._sparse
        # x and y as one complex number: half the gathers and sums
        both = np.ascontiguousarray(flow, dtype=np.float32).view(np.complex64).ravel()  # (H * W,)
        parts = both[pixels].view(np.float32)
        parts *= weights  # in place, as memory is what pooling waits for
        means = np.add.reduceat(parts.view(np.complex64), begins)  # (R + A,)
        return means.view(np.float32).reshape(-1, 2) / self.iod


def make_regions(landmarks: np.ndarray, iod: float, size: int, flow_iod: float) -> RegionMap:
    """Lay the regions out on a crop.

    Args:
        landmarks: (68, 2) crop px.
        iod: inter-ocular distance in crop px.
        size: width and height of the crop, px.
        flow_iod: inter-ocular distance at which flow runs, px.
    """
    landmarks = np.asarray(landmarks, dtype=np.float64)
    regions = EXPRESSIVE + ANCHORS
    centres = np.array(
        [
            landmarks[list(region.points)].mean(axis=0) + iod * np.array(region.offset)
            for region in regions
        ]
    )  # (R + A, 2) crop px
    low = np.floor(np.minimum(landmarks.min(axis=0), centres.min(axis=0)) - 0.3 * iod)
    high = np.ceil(np.maximum(landmarks.max(axis=0), centres.max(axis=0)) + 0.2 * iod)
    x0, y0 = np.clip(low, 0, size - 1).astype(int)
    x1, y1 = np.clip(high, 1, size).astype(int)
    width = max(16, round((x1 - x0) * flow_iod / iod))
    height = max(16, round((y1 - y0) * flow_iod / iod))
    scale = np.array([width / (x1 - x0), height / (y1 - y0)])

    def place(points: np.ndarray) -> np.ndarray:
        return (points - (x0, y0) + 0.5) * scale - 0.5

    own_iod = iod * float(scale.mean())
    ys, xs = np.mgrid[0:height, 0:width]
    spots = place(centres)
    square = (xs - spots[:, 0, None, None]) ** 2 + (ys - spots[:, 1, None, None]) ** 2
    sigma = np.array([region.sigma for region in regions])[:, None, None] * own_iod
    weights = np.exp(-0.5 * square / sigma**2).reshape(len(regions), -1)  # (R + A, H * W)
    weights[weights < 0.01 * weights.max(axis=1, keepdims=True)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    origin = landmarks[36:48].mean(axis=0)
    eyes = np.zeros((2, height, width), dtype=np.uint8)
    for eye, points in zip(eyes, EYES, strict=True):
        cv2.fillConvexPoly(eye, np.round(place(landmarks[list(points)])).astype(np.int32), 1)
    return RegionMap(
        names=tuple(region.name for region in EXPRESSIVE),
        weights=np.ascontiguousarray(weights, dtype=np.float32),
        centres=(centres - origin) / iod,
        depths=np.array([region.depth for region in regions]),
        box=(int(x0), int(y0), int(x1), int(y1)),
        scale=float(scale.mean()),
        size=(width, height),
        iod=own_iod,
        eyes=eyes.astype(bool),
    )
