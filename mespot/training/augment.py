"""Augmentation of uint8 clips that leaves expressions what they are."""

from __future__ import annotations

import numpy as np

_SHIFT = 1 / 20  # largest shift of a clip, fraction of the width
_CONTRAST = 0.2
_BRIGHTNESS = 20.0  # grey values


def augment(clips: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Flip, reverse, shift and relight clips, each clip as a whole.

    A mirrored expression is an expression, and so is one played backwards (onset and offset swap
    their roles): both double the few events there are.

    Args:
        clips: (B, T, S, S) or (B, T, S, S, 3) uint8.
        rng: source of the draws.

    Returns:
        the same shape, uint8.
    """
    size = clips.shape[2]
    result = np.empty_like(clips)
    for slot, clip in enumerate(clips):
        mirrored, reversed_time = rng.random(2) < 0.5
        shift = rng.integers(-round(_SHIFT * size), round(_SHIFT * size) + 1, size=2)
        contrast = 1 + rng.uniform(-_CONTRAST, _CONTRAST)
        brightness = rng.uniform(-_BRIGHTNESS, _BRIGHTNESS)
        rows, columns = (np.clip(np.arange(size) + step, 0, size - 1) for step in shift)
        clip = clip[::-1] if reversed_time else clip
        clip = clip[:, rows][:, :, columns[::-1] if mirrored else columns]
        table = np.clip((np.arange(256) - 128) * contrast + 128 + brightness, 0, 255)
        result[slot] = np.round(table).astype(np.uint8)[clip]
    return result
