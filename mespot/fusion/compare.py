"""What each member of the fusion gains: counts, paired differences, optimism."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mespot.core.events import TYPES
from mespot.metric import F1Scorer, draw_weights, f1_interval, f1_score, paired_difference
from mespot.params.report import ReportParams

KINDS = (*TYPES, "overall")


def ablation_tables(
    tables: Mapping[str, pd.DataFrame],
    scorer: F1Scorer,
    subjects: pd.Series,
    params: ReportParams,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score every member on the same resampled subjects.

    Args:
        tables: member -> its out-of-fold intervals; has ``flow``, ``model`` and ``fused``.
        scorer: holds the truth and the full list of videos.
        subjects: (V,) subject of each video.
        params: draws and confidence of the bootstrap.
        seed: of the draws.

    Returns:
        counts (member, type, tp, fp, fn, precision, recall, f1, f1_low, f1_high), and differences
        in F1 with their intervals (member, against, type, difference, low, high): every member
        against either branch alone, and the fused system against every member.
    """
    weights = draw_weights(subjects.nunique(), params.draws, np.random.default_rng(seed))
    rows, by_subject = [], {}
    for name, table in tables.items():
        counts = scorer.score(table)
        _, by_subject[name] = counts.by_subject(subjects)
        for kind, tally in counts.tallies().items():
            interval = f1_interval(by_subject[name][kind], weights, params.confidence)
            row = {"member": name, "type": kind, **tally.as_dict()}
            rows.append(row | {"f1_low": interval.low, "f1_high": interval.high})
    pairs = [(name, other) for name in tables for other in ("flow", "model") if name != other]
    pairs += [("fused", name) for name in tables if name not in ("flow", "model", "fused")]
    differences = []
    for name, other in pairs:
        for kind in KINDS:
            gain = paired_difference(
                by_subject[name][kind], by_subject[other][kind], weights, params.confidence
            )
            differences.append((name, other, kind, gain.value, gain.low, gain.high))
    columns = ["member", "against", "type", "difference", "low", "high"]
    return pd.DataFrame(rows), pd.DataFrame(differences, columns=columns)


def optimism(ablation: pd.DataFrame, oracle: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Set nested F1 beside that of the same search on the very subjects that it is scored on.

    Args:
        ablation: out-of-fold counts of the members.
        oracle: branch -> (T, 3) TP, FP and FN where it was chosen on all subjects.

    Returns:
        columns branch, type, nested_f1, oracle_f1.
    """
    nested = ablation.set_index(["member", "type"])["f1"]
    rows = []
    for branch, counts in oracle.items():
        figures = [*f1_score(counts), f1_score(counts.sum(axis=0))]
        for kind, f1 in zip(KINDS, figures, strict=True):
            rows.append((branch, kind, nested[branch, kind], float(f1)))
    return pd.DataFrame(rows, columns=["branch", "type", "nested_f1", "oracle_f1"])
