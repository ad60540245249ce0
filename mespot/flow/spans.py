"""What a span of time has in common with others."""

from __future__ import annotations

import numpy as np


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
