"""Augmentation of uint8 clips that leaves expressions what they are: flip, time, shift, light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np


class Strength(NamedTuple):
    """How strongly clips are changed.

    ``flip`` and ``reverse`` are shares of the clips, ``shift`` is the largest shift as a fraction
    of the width, ``contrast`` the largest relative change, ``brightness`` the largest change in
    grey values (of 255).
    """

    flip: float
    reverse: float
    shift: float
    contrast: float
    brightness: float


class Change(NamedTuple):
    """What happens to one clip: to all of its frames alike.

    ``down`` and ``right`` say which old pixel a new one shows, that many pixels further (the rim
    is repeated), before mirroring; ``reverse`` plays the clip backwards; ``table`` (256,) uint8
    maps grey values; displacements are multiplied by ``gain`` instead.
    """

    down: int
    right: int
    mirrored: bool
    reverse: bool
    table: np.ndarray
    gain: float


def draw_changes(
    count: int, size: int, strength: Strength, rng: np.random.Generator
) -> list[Change]:
    """Draw the changes of a whole batch, so that a process that handles some rows agrees.

    A mirrored expression is an expression, and so is one played backwards (onset and offset swap
    their roles): both double the few events there are.

    Args:
        count: clips.
        size: S, pixels.
        strength: see ``Strength``.
        rng: source of the draws.
    """
    changes = []
    reach = round(strength.shift * size)
    for _ in range(count):
        mirrored, reversed_time = rng.random(2) < (strength.flip, strength.reverse)
        shift = rng.integers(-reach, reach + 1, size=2)
        contrast = 1 + rng.uniform(-strength.contrast, strength.contrast)
        brightness = rng.uniform(-strength.brightness, strength.brightness)
        down, right = (int(step) for step in shift)
        table = np.clip((np.arange(256) - 128) * contrast + 128 + brightness, 0, 255)
        levels = np.round(table).astype(np.uint8)
        changes.append(
            Change(down, right, bool(mirrored), bool(reversed_time), levels, float(contrast))
        )
    return changes


def augment(clips: np.ndarray, changes: Sequence[Change]) -> np.ndarray:
    """Change clips, each as a whole.

    Args:
        clips: (B, T, S, S) or (B, T, S, S, 3) uint8 pictures, or (B, T, S, S, 2) int16 motion.
        changes: one per clip.

    Returns:
        the same shape and type.
    """
    result = np.empty_like(clips)
    for slot, (clip, change) in enumerate(zip(clips, changes, strict=True)):
        pictures = _recoloured(clip, change)
        for frame, picture in zip(
            result[slot], pictures[:: -1 if change.reverse else 1], strict=True
        ):
            _place(frame, picture, change)
    return result


def _recoloured(clip: np.ndarray, change: Change) -> np.ndarray:
    """Grey values by the table; displacements, signed numbers, by the gain."""
    if clip.dtype == np.uint8:
        tall = cv2.LUT(clip.reshape(-1, clip.shape[2], *clip.shape[3:]), change.table)
        return tall.reshape(clip.shape)
    moved = clip * np.float32(change.gain)
    if change.mirrored:
        moved[..., 0] *= -1
    return np.round(moved).astype(clip.dtype)


def _place(frame: np.ndarray, picture: np.ndarray, change: Change) -> None:
    """Write a shifted, mirrored picture into ``frame``: slices, not one index per pixel."""
    size = len(picture)
    down, right = change.down, change.right
    top, bottom = max(0, -down), size - max(0, down)  # rows of the frame that the picture reaches
    left, end = max(0, -right), size - max(0, right)
    frame[top:bottom, left:end] = picture[top + down : bottom + down, left + right : end + right]
    frame[top:bottom, :left] = frame[top:bottom, left : left + 1]
    frame[top:bottom, end:] = frame[top:bottom, end - 1 : end]
    frame[:top], frame[bottom:] = frame[top], frame[bottom - 1]
    if change.mirrored:
        frame[:] = cv2.flip(frame, 1)
