"""Masks of the masked auto-encoder. True = masked.

Both kinds repeat one spatial mask over all tubelets ("tube"), so that a patch cannot be copied
from its neighbour in time. The window kind (MAE-DFER) masks the same share of every window of
the frame, so that every region of LGI-Former keeps the same number of visible tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def tube_mask(
    rng: np.random.Generator | np.random.RandomState, grid: Sequence[int], ratio: float
) -> np.ndarray:
    """Mask of one clip: one spatial mask, repeated over the tubelets.

    Args:
        rng: source of the shuffle.
        grid: tokens (T', H', W').
        ratio: share of masked patches; the number is rounded down.

    Returns:
        (N,) bool in raster order, True = masked.
    """
    return part_window_mask(rng, grid, ratio, grid[1:])


def part_window_mask(
    rng: np.random.Generator | np.random.RandomState,
    grid: Sequence[int],
    ratio: float,
    window: Sequence[int],
) -> np.ndarray:
    """Mask of one clip with the same number of masked patches in every spatial window.

    Args:
        rng: source of the shuffles, one per window in raster order.
        grid: tokens (T', H', W').
        ratio: share of masked patches per window; the number is rounded down.
        window: patches (h, w) of a window; must divide (H', W').

    Returns:
        (N,) bool in raster order, True = masked.
    """
    times, height, width = grid
    rows, columns = window
    if height % rows or width % columns:
        raise ValueError(f"window {tuple(window)} does not divide the frame {height} x {width}")
    patches = rows * columns
    # the tolerance keeps products such as 0.9 * 50, which may lie just below a whole number
    masked = math.floor(ratio * patches + 1e-9)
    frame = np.empty((height, width), dtype=bool)
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            part = np.hstack((np.zeros(patches - masked), np.ones(masked)))
            rng.shuffle(part)
            frame[top : top + rows, left : left + columns] = part.reshape(rows, columns) > 0
    return np.tile(frame.ravel(), times)


def draw_masks(
    rng: np.random.Generator,
    clips: int,
    grid: Sequence[int],
    ratio: float,
    kind: str,
    region: Sequence[int],
) -> np.ndarray:
    """Masks of a batch.

    Args:
        rng: source of the shuffles.
        clips: batch size B.
        grid: tokens (T', H', W').
        ratio: share of masked patches.
        kind: ``tube`` or ``part_window`` (window = region).
        region: tokens (t, h, w) of a region of the encoder.

    Returns:
        (B, N) bool, True = masked.
    """
    window = tuple(region[1:]) if kind == "part_window" else tuple(grid[1:])
    return np.stack([part_window_mask(rng, grid, ratio, window) for _ in range(clips)])


def split_index(mask: np.ndarray, region_of_token: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Raster indices of visible and of masked tokens; constant counts need no boolean indexing.

    Args:
        mask: (B, N) bool, True = masked.
        region_of_token: (N,) region index of every token.

    Returns:
        visible (B, V) and masked (B, N - V), int64, ascending.

    Raises:
        ValueError: when the regions do not all keep the same number of visible tokens; the
            published code then silently puts tokens into wrong regions.
    """
    regions = int(region_of_token.max()) + 1
    for clip, row in enumerate(mask):
        counts = np.bincount(region_of_token[~row], minlength=regions)
        if len(set(counts.tolist())) > 1 or counts[0] * regions != (~mask[0]).sum():
            raise ValueError(
                f"clip {clip} of the batch: regions keep {counts.tolist()} visible tokens, "
                "expected the same number everywhere (use masking part_window)"
            )
    order = np.argsort(mask, axis=1, kind="stable")
    visible = int((~mask[0]).sum())
    return order[:, :visible], order[:, visible:]
