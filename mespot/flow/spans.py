"""Of spans of time that clash, the better one stays: a long video has many, near ones are few."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Share = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From a span (2,) and others (n, 2) in seconds to what they have in common, (n,)."""


def keep_apart(spans: np.ndarray, share: Share, most: float) -> np.ndarray:
    """Keep spans one after the other, each unless it shares too much with one that is kept.

    Args:
        spans: (n, 2) start and end in s, the best first.
        share: how much a span has in common with others; 0 where they do not overlap.
        most: that two kept spans may share.

    Returns:
        rising indices of those that are kept.
    """
    if not len(spans):
        return np.empty(0, dtype=np.int64)
    order = np.argsort(spans[:, 0], kind="stable")
    sorted_spans = spans[order]
    longest = (spans[:, 1] - spans[:, 0]).max()
    first = np.searchsorted(sorted_spans[:, 0], spans[:, 0] - longest).tolist()
    last = np.searchsorted(sorted_spans[:, 0], spans[:, 1], side="right").tolist()
    free = np.ones(len(spans), dtype=bool)
    kept = []
    for index, span in enumerate(spans):
        if not free[index]:
            continue
        kept.append(index)
        near = slice(first[index], last[index])
        free[order[near][share(span, sorted_spans[near]) > most]] = False
    return np.array(kept)


def overlap(span: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of a span and others."""
    both = np.minimum(others[:, 1], span[1]) - np.maximum(others[:, 0], span[0])
    either = np.maximum(others[:, 1], span[1]) - np.minimum(others[:, 0], span[0])
    return np.maximum(both, 0.0) / np.maximum(either, 1e-9)


def share_of_shorter(span: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection of a span and others as a share of the shorter one."""
    both = np.minimum(others[:, 1], span[1]) - np.maximum(others[:, 0], span[0])
    shorter = np.minimum(others[:, 1] - others[:, 0], span[1] - span[0])
    return np.maximum(both, 0.0) / np.maximum(shorter, 1e-9)
