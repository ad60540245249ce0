"""Colour operations of RandAugment on whole clips: statistics of the clip, not of a frame.

The arithmetic is that of Pillow, on which the published recipe runs, for a clip taken as one tall
picture; ``timm.data.auto_augment`` has the same operations frame by frame on Pillow images and
draws from global generators, which would change from frame to frame and from run to run.

A ``table`` is (256, 3) uint8, one column per channel. ``Pixels`` collects consecutive tables, so
that a clip is passed through one table.
"""

from __future__ import annotations

import cv2
import numpy as np

_GREY = np.array([19595, 38470, 7471])  # of 65536, Pillow's luma
_LEVELS = np.arange(256)


class Pixels:
    """A clip with the tables that wait to be applied.

    Args:
        clip: (T, S, S, 3) uint8.
    """

    def __init__(self, clip: np.ndarray):
        self._clip = clip
        self._table = np.repeat(_LEVELS.astype(np.uint8)[:, None], 3, 1)

    def through(self, table: np.ndarray) -> None:
        """Pass the pixels through a (256,) or (256, 3) table."""
        table = np.clip(table, 0, 255).astype(np.uint8)  # truncates, as Pillow does
        if table.ndim == 1:
            self._table = table[self._table]
        else:
            self._table = np.take_along_axis(table, self._table.astype(np.int64), 0)

    def clip(self) -> np.ndarray:
        """Return the pixels with all tables applied, (T, S, S, 3)."""
        if not (self._table == _LEVELS[:, None]).all():
            flat = self._clip.reshape(-1, self._clip.shape[2], 3)
            self._clip = cv2.LUT(flat, self._table[:, None]).reshape(self._clip.shape)
            self._table = np.repeat(_LEVELS.astype(np.uint8)[:, None], 3, 1)
        return self._clip

    def replace(self, clip: np.ndarray) -> None:
        """Go on with other pixels."""
        self._clip = clip

    def histogram(self) -> np.ndarray:
        """Count the values of the clip, (256, 3)."""
        clip = self.clip()
        return np.stack([np.bincount(clip[..., c].ravel(), minlength=256) for c in range(3)], 1)


def auto_contrast(pixels: Pixels) -> None:
    """Stretch every channel to the full range."""
    table = np.repeat(_LEVELS[:, None], 3, 1).astype(np.float64)
    for channel, counts in enumerate(pixels.histogram().T):
        low, high = np.flatnonzero(counts)[[0, -1]]
        if high > low:
            table[:, channel] = (_LEVELS - low) * (255.0 / (high - low))
    pixels.through(table)


def equalize(pixels: Pixels) -> None:
    """Flatten the histogram of every channel."""
    table = np.repeat(_LEVELS[:, None], 3, 1)
    for channel, counts in enumerate(pixels.histogram().T):
        filled = counts[counts > 0]
        step = (counts.sum() - filled[-1]) // 255
        if len(filled) > 1 and step:
            below = np.concatenate(([0], np.cumsum(counts)[:-1]))
            table[:, channel] = np.minimum((step // 2 + below) // step, 255)
    pixels.through(table)


def invert(pixels: Pixels) -> None:
    """Turn bright to dark."""
    pixels.through(255 - _LEVELS)


def posterize(pixels: Pixels, bits: int) -> None:
    """Keep the upper ``bits`` of every value."""
    pixels.through(_LEVELS & ~((1 << (8 - bits)) - 1))


def solarize(pixels: Pixels, threshold: int) -> None:
    """Invert the values from ``threshold`` on."""
    pixels.through(np.where(_LEVELS < threshold, _LEVELS, 255 - _LEVELS))


def solarize_add(pixels: Pixels, amount: int) -> None:
    """Add ``amount`` to the values below 128."""
    pixels.through(np.where(_LEVELS < 128, _LEVELS + amount, _LEVELS))


def brightness(pixels: Pixels, factor: float) -> None:
    """Scale all values."""
    pixels.through(_LEVELS * factor)


def contrast(pixels: Pixels, factor: float) -> None:
    """Scale the distance from the clip's mean grey."""
    mean = int(_luma(pixels.clip()).mean() + 0.5)
    pixels.through(mean + factor * (_LEVELS - mean))


def saturation(pixels: Pixels, factor: float) -> None:
    """Scale the distance from grey."""
    clip = pixels.clip()
    pixels.replace(_blend(_luma(clip)[..., None], clip, factor))


def sharpness(pixels: Pixels, factor: float) -> None:
    """Scale the distance from the smoothed frame; the rim stays."""
    clip = pixels.clip()
    kernel = np.ones((3, 3), np.float32)
    kernel[1, 1] = 5
    smooth = clip.copy()
    for frame, picture in zip(smooth, clip, strict=True):
        frame[1:-1, 1:-1] = cv2.filter2D(picture, -1, kernel / 13)[1:-1, 1:-1]
    pixels.replace(_blend(smooth, clip, factor))


def _luma(clip: np.ndarray) -> np.ndarray:
    return ((clip @ _GREY + 0x8000) >> 16).astype(np.uint8)


def _blend(plain: np.ndarray, clip: np.ndarray, factor: float) -> np.ndarray:
    mixed = plain + np.float32(factor) * (clip.astype(np.float32) - plain)
    return np.clip(mixed, 0, 255).astype(np.uint8)
