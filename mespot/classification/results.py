"""Tables of a scored list: a row per clip, the confusion matrix, the figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mespot.classification.metrics import ClipMetrics
from mespot.core.files import write_csv
from mespot.tables.clip_list import ClipList


def write_predictions(
    path: Path, scores: np.ndarray, clips: ClipList, names: Sequence[str]
) -> None:
    """Write ``clip, label, predicted``, then a column of probabilities per class.

    Args:
        path: CSV file.
        scores: (n, K) probabilities.
        clips: the list, n clips; paths are written relative to its root.
        names: of the K classes.
    """
    table = pd.DataFrame(
        {
            "clip": [clip.path.relative_to(clips.root).as_posix() for clip in clips.clips],
            "label": [clip.label for clip in clips.clips],
            "predicted": scores.argmax(1),
            **{f"p_{name}": scores[:, place] for place, name in enumerate(names)},
        }
    )
    write_csv(path, table)


def write_confusion(path: Path, confusion: np.ndarray, names: Sequence[str]) -> None:
    """Write a confusion matrix, rows = truth, columns = prediction, in clips."""
    table = pd.DataFrame(confusion, columns=list(names))
    table.insert(0, "truth", list(names))
    write_csv(path, table)


def figures_record(found: ClipMetrics, entropy: float, names: Sequence[str]) -> dict[str, Any]:
    """Return the figures of a list for ``metrics.json``; recalls of absent classes left out."""
    return {
        "clips": found.clips,
        "uar": found.uar,
        "war": found.war,
        "f1_macro": found.f1_macro,
        "f1_weighted": found.f1_weighted,
        "cross_entropy": entropy,
        "recall": {
            name: float(recall)
            for name, recall in zip(names, found.recalls, strict=True)
            if not np.isnan(recall)
        },
    }
