"""Masks of the masked auto-encoder. True = masked.

Both kinds repeat one spatial mask over all tubelets ("tube"), so that a patch cannot be copied
from its neighbour in time. The window kind (MAE-DFER) masks the same share of every window of
the frame, so that every region of LGI-Former keeps the same number of visible tokens. Its two
symmetric forms show patches of one half of the face only: the other half has to be inferred.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

# kind of mask -> how often the visible half of a window is drawn: never, per clip or per window
KINDS = {"tube": "", "part_window": "", "part_window_global": "clip", "part_window_local": "window"}


def part_window_mask(
    rng: np.random.Generator | np.random.RandomState,
    grid: Sequence[int],
    ratio: float,
    window: Sequence[int],
    half: str = "",
) -> np.ndarray:
    """Mask of one clip with the same number of masked patches in every spatial window.

    Args:
        rng: source of the coins and shuffles, windows in raster order.
        grid: tokens (T', H', W').
        ratio: share of masked patches per window; the number is rounded down.
        window: patches (h, w) of a window; must divide (H', W').
        half: draw all visible patches of a window from its left or its right half: one coin per
            ``clip`` or per ``window`` ("global" and "local" symmetry of the published code); empty
            = from the whole window.

    Returns:
        (N,) bool in raster order, True = masked.

    Raises:
        ValueError: for a window that does not divide the frame, or whose half is too small.
    """
    times, height, width = grid
    rows, columns = window
    if height % rows or width % columns:
        raise ValueError(f"window {tuple(window)} does not divide the frame {height} x {width}")
    patches = rows * columns
    # the tolerance keeps products such as 0.9 * 50, which may lie just below a whole number
    masked = math.floor(ratio * patches + 1e-9)
    sides = columns
    if half:
        sides, hidden = columns // 2, rows * (columns - columns // 2)
        if columns % 2 or masked < hidden:
            raise ValueError(
                f"window {tuple(window)}: half of it cannot hold {patches - masked} visible patches"
            )
        patches, masked = patches - hidden, masked - hidden
    frame = np.ones((height, width), dtype=bool)
    side = _side(rng, sides) if half == "clip" else 0
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            if half == "window":
                side = _side(rng, sides)
            part = np.hstack((np.zeros(patches - masked), np.ones(masked)))
            rng.shuffle(part)
            start = left + side
            frame[top : top + rows, start : start + sides] = part.reshape(rows, sides) > 0
    return np.tile(frame.ravel(), times)


def _side(rng: np.random.Generator | np.random.RandomState, width: int) -> int:
    return 0 if rng.random() < 0.5 else width


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
        kind: one of ``KINDS``; the window is the region, for ``tube`` the whole frame.
        region: tokens (t, h, w) of a region of the encoder.

    Returns:
        (B, N) bool, True = masked.

    Raises:
        ValueError: for an unknown kind, or as ``part_window_mask``.
    """
    if kind not in KINDS:
        raise ValueError(f"masking {kind!r} is none of {', '.join(KINDS)}")
    window = tuple(grid[1:]) if kind == "tube" else tuple(region[1:])
    if not KINDS[kind]:
        return _plain_masks(rng, clips, grid, ratio, window)
    return np.stack([part_window_mask(rng, grid, ratio, window, KINDS[kind]) for _ in range(clips)])


def _plain_masks(
    rng: np.random.Generator,
    clips: int,
    grid: Sequence[int],
    ratio: float,
    window: Sequence[int],
) -> np.ndarray:
    """Masks of ``part_window_mask`` for all clips at once, from the same random numbers."""
    times, height, width = grid
    first = part_window_mask(np.random.default_rng(0), grid, ratio, window)  # checks, and counts
    rows, columns = window
    row = np.sort(first.reshape(times, height, width)[0, :rows, :columns], axis=None)
    counts = (clips, height // rows, width // columns)
    parts = np.broadcast_to(row, (*counts, rows * columns)).reshape(-1, rows * columns)
    frames = rng.permuted(parts, axis=1).reshape(*counts, rows, columns).swapaxes(2, 3)
    return np.tile(frames.reshape(clips, height * width), (1, times))


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
    clip, token = np.nonzero(~mask)
    counts = np.bincount(
        clip * regions + region_of_token[token], minlength=len(mask) * regions
    ).reshape(len(mask), regions)
    uneven = np.flatnonzero((counts != counts[0, 0]).any(1))
    if uneven.size:
        raise ValueError(
            f"clip {uneven[0]} of the batch: regions keep {counts[uneven[0]].tolist()} visible "
            "tokens, expected the same number everywhere (use masking part_window)"
        )
    order = np.argsort(mask, axis=1, kind="stable")
    visible = int(counts[0].sum())
    return order[:, :visible], order[:, visible:]
