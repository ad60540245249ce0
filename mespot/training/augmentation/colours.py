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

_LUMA = np.array([19595, 38470, 7471]) / 65536  # Pillow's
_LEVELS = np.arange(256)
_IDENTITY = np.repeat(_LEVELS.astype(np.uint8)[:, None], 3, 1)


class Pixels:
    """A clip with the tables that wait to be applied.

    Args:
        clip: (T, S, S, 3) uint8.
    """

    def __init__(self, clip: np.ndarray):
        self._clip = clip
        self._table = _IDENTITY
        self._counts: np.ndarray | None = None  # of the clip without its tables

    def through(self, table: np.ndarray) -> None:
        """Pass the pixels through a (256,) or (256, 3) table."""
        table = np.clip(table, 0, 255).astype(np.uint8)  # truncates, as Pillow does
        if table.ndim == 1:
            self._table = table[self._table]
        else:
            self._table = np.take_along_axis(table, self._table.astype(np.int64), 0)

    def clip(self) -> np.ndarray:
        """Return the pixels with all tables applied, (T, S, S, 3)."""
        table = self._table
        if not (table == _IDENTITY).all():
            # one table for all channels is looked up 1.5 times as fast as three
            same = (table == table[:, :1]).all()
            tall = _tall(self._clip)
            found = cv2.LUT(tall, table[:, 0].copy() if same else table[:, None])
            self.replace(found.reshape(self._clip.shape))
        return self._clip

    def replace(self, clip: np.ndarray) -> None:
        """Go on with other pixels."""
        self._clip, self._table, self._counts = clip, _IDENTITY, None

    def histogram(self) -> np.ndarray:
        """Count the values of the clip as it is with its tables, (256, 3); no table is applied."""
        if self._counts is None:
            tall = _tall(self._clip)
            counts = [cv2.calcHist([tall], [c], None, [256], [0, 256]).ravel() for c in range(3)]
            self._counts = np.stack(counts, 1).astype(np.int64)
        pairs = zip(self._table.T, self._counts.T, strict=True)
        return np.stack([np.bincount(to, counts, 256) for to, counts in pairs], 1).astype(np.int64)

    def luma(self) -> float:
        """Mean luma of the clip as it is with its tables."""
        if self._table is _IDENTITY and self._counts is None:
            means = np.array(cv2.mean(_tall(self._clip))[:3])
        else:
            counts = self.histogram()
            means = _LEVELS @ counts / counts[:, 0].sum()
        return float(means @ _LUMA)


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
    mean = int(pixels.luma() + 0.5)
    pixels.through(mean + factor * (_LEVELS - mean))


def saturation(pixels: Pixels, factor: float) -> None:
    """Scale the distance from grey: one matrix over the channels."""
    matrix = factor * np.eye(3) + (1 - factor) * _LUMA
    clip = pixels.clip()
    pixels.replace(cv2.transform(_tall(clip), matrix).reshape(clip.shape))


def sharpness(pixels: Pixels, factor: float) -> None:
    """Scale the distance from the smoothed frame; the rim stays.

    Pillow smooths by a 3x3 kernel of ones with 5 in the middle, which is a box and the pixel.
    """
    clip = pixels.clip()
    tall = _tall(clip)
    box, own = (1 - factor) * 9 / 13, factor + (1 - factor) * 4 / 13
    result = cv2.addWeighted(cv2.blur(tall, (3, 3)), box, tall, own, 0).reshape(clip.shape)
    # the frames lie one below the other: the box has mixed their rims
    result[:, (0, -1)], result[:, :, (0, -1)] = clip[:, (0, -1)], clip[:, :, (0, -1)]
    pixels.replace(result)


def _tall(clip: np.ndarray) -> np.ndarray:
    """View a clip as one tall picture, (T * S, S, 3)."""
    return clip.reshape(-1, clip.shape[2], 3)
