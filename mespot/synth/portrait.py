"""The public-domain portrait behind the embedded data, with its 68 landmarks.

The picture is ``skimage.data.astronaut()`` (NASA, public domain). The landmarks follow the 68-point
scheme of the field; they were measured once with dlib at five upscalings and averaged.
"""

from __future__ import annotations

import functools

import numpy as np

LANDMARKS = np.array(
    [
        (179.3, 103.9), (179.7, 115.5), (180.8, 126.8), (181.8, 138.2), (184.7, 149.7),
        (190.9, 160.0), (199.8, 168.3), (209.0, 175.5), (220.3, 178.3), (232.0, 176.8),
        (242.9, 171.1), (252.9, 163.5), (260.2, 153.8), (264.8, 142.8), (267.6, 131.2),
        (270.1, 119.8), (271.7, 107.8), (186.1, 94.1), (192.0, 88.3), (200.4, 87.1),
        (208.8, 88.8), (216.4, 92.4), (235.9, 93.6), (243.7, 90.8), (251.8, 90.4),
        (259.9, 92.2), (265.1, 98.5), (225.7, 102.2), (225.4, 110.7), (225.3, 118.7),
        (224.9, 127.3), (214.1, 131.0), (219.1, 132.6), (224.2, 134.2), (229.4, 133.0),
        (234.3, 131.8), (195.0, 101.1), (200.3, 97.7), (206.8, 98.5), (212.3, 103.8),
        (206.1, 104.2), (199.7, 103.7), (237.4, 105.2), (243.3, 100.3), (249.7, 100.4),
        (255.1, 104.1), (250.1, 106.3), (243.6, 106.1), (200.3, 138.9), (208.9, 139.2),
        (217.5, 139.4), (223.2, 140.8), (229.3, 139.9), (237.2, 140.2), (245.5, 140.7),
        (237.2, 150.8), (228.8, 154.8), (222.2, 155.6), (215.9, 154.5), (207.5, 149.5),
        (203.1, 140.2), (217.1, 142.9), (223.0, 144.1), (229.2, 143.3), (242.5, 141.8),
        (228.9, 149.7), (222.7, 150.3), (216.6, 149.3),
    ]
)  # fmt: skip
"""(68, 2) x and y of the landmarks, pixels of the portrait (centre of the first pixel = 0)."""

MIRROR = np.array(
    [
        *range(16, -1, -1),
        *range(26, 16, -1),
        *range(27, 31),
        *range(35, 30, -1),
        45, 44, 43, 42, 47, 46,
        39, 38, 37, 36, 41, 40,
        *range(54, 47, -1),
        *range(59, 54, -1),
        *range(64, 59, -1),
        *range(67, 64, -1),
    ]
)  # fmt: skip
"""(68,) index of the landmark on the other side of the face."""

LEFT_EYE = slice(36, 42)
RIGHT_EYE = slice(42, 48)


@functools.cache
def portrait() -> np.ndarray:
    """Return the portrait, float32 (512, 512, 3) RGB in 0..255."""
    from skimage import data

    return data.astronaut().astype(np.float32)


def pupils(landmarks: np.ndarray) -> np.ndarray:
    """Return the centres of both eyes, (2, 2), image left first, from (68, 2) landmarks."""
    return np.stack([landmarks[LEFT_EYE].mean(axis=0), landmarks[RIGHT_EYE].mean(axis=0)])
