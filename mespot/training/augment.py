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

    ``rows`` and ``columns`` (S,) index the old pixels, ``frames`` is the step through time (1 or
    -1), ``table`` (256,) uint8 maps grey values.
    """

    rows: np.ndarray
    columns: np.ndarray
    frames: int
    table: np.ndarray
    mirrored: bool
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
        rows, columns = (np.clip(np.arange(size) + step, 0, size - 1) for step in shift)
        table = np.clip((np.arange(256) - 128) * contrast + 128 + brightness, 0, 255)
        changes.append(
            Change(
                rows,
                columns[::-1] if mirrored else columns,
                -1 if reversed_time else 1,
                np.round(table).astype(np.uint8),
                bool(mirrored),
                contrast,
            )
        )
    return changes


def augment(clips: np.ndarray, changes: Sequence[Change]) -> np.ndarray:
    """Change clips, each as a whole.

    Args:
        clips: (B, T, S, S) or (B, T, S, S, 3) uint8.
        changes: one per clip.

    Returns:
        the same shape, uint8.
    """
    result = np.empty_like(clips)
    for slot, (clip, change) in enumerate(zip(clips, changes, strict=True)):
        moved = clip[:: change.frames, change.rows][:, :, change.columns]
        if clips.dtype != np.uint8:
            result[slot] = np.round(moved * np.float32(change.gain))
            if change.mirrored:
                result[slot][..., 0] *= -1
            continue
        tall = np.ascontiguousarray(moved).reshape(-1, clip.shape[2])
        result[slot] = cv2.LUT(tall, change.table).reshape(clip.shape)
    return result
