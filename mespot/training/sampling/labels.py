"""Labels of clips from their overlap with events."""

from __future__ import annotations

import numpy as np

from mespot.core.events import TYPES


def overlap_labels(
    start: float,
    span: float,
    events: np.ndarray,
    kinds: np.ndarray,
    low: float,
    high: float,
    core: float = 1.0,
) -> np.ndarray:
    """Soft labels [me, mae] of one clip.

    The overlap is measured as a share of the *shorter* of clip and event. A clip inside a long
    macro-expression and a clip that contains a whole micro-expression thus both count fully,
    where IoU would call the first a negative at fine granularity and the second one at coarse
    granularity. Between ``low`` and ``high`` the label rises linearly: at the rim of an event
    there is no true answer, and scores that rise over the rim decode to better intervals. The
    strongest event of a type decides.

    Args:
        start: seconds.
        span: seconds.
        events: (E, 2) onset and end (one frame after the offset), seconds.
        kinds: (E,) index into ``TYPES``.
        low: overlap up to which the label is 0.
        high: overlap from which on the label is 1.
        core: middle share of the clip that is meant by "clip" above. The rest is what the network
            sees before and after: it helps to tell an expression from a pose, and the score still
            follows onset and offset, however long the clip.

    Returns:
        (2,) float32 in [0, 1].
    """
    labels = np.zeros(len(TYPES), dtype=np.float32)
    if len(events):
        start, span = start + 0.5 * (1 - core) * span, core * span
        shared = np.minimum(events[:, 1], start + span) - np.maximum(events[:, 0], start)
        share = shared / np.minimum(events[:, 1] - events[:, 0], span)
        strength = np.clip((share - low) / (high - low), 0, 1)
        np.maximum.at(labels, kinds, strength.astype(np.float32))
    return labels
