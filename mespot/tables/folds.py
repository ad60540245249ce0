"""Subject-wise folds: no person is in two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from mespot.core.errors import MespotError


def subject_folds(
    subjects: Sequence[str],
    folds: int | Literal["loso"],
    seed: int,
    weights: Mapping[str, float] | None = None,
) -> dict[str, int]:
    """Spread subjects over folds.

    Folds differ by one subject at most. With ``weights`` the heavy subjects are dealt out first,
    each to the lightest fold that still has room, so that the sums come out alike.

    Args:
        subjects: names; repeated ones count once, their order does not matter.
        folds: number of folds; ``loso`` = as many as subjects, leave-one-subject-out.
        seed: of the order among equals.
        weights: such as the number of events per subject; missing ones count 0.

    Returns:
        subject -> fold, 0-based, sorted by subject.

    Raises:
        MespotError: more folds than subjects.
    """
    names = sorted(set(subjects))
    folds = len(names) if folds == "loso" else folds
    if folds > len(names):
        raise MespotError(
            f"data.folds: found {folds}, expected at most {len(names)}, the number of subjects"
        )
    rng = np.random.default_rng(seed)
    order = [names[place] for place in rng.permutation(len(names))]
    weight = {name: float((weights or {}).get(name, 0.0)) for name in names}
    order.sort(key=lambda name: -weight[name])
    sums, counts = np.zeros(folds), np.zeros(folds, dtype=np.int64)
    chosen = {}
    for place, name in enumerate(order):
        open_folds = np.flatnonzero(counts == place // folds)
        fold = int(open_folds[np.argmin(sums[open_folds])])
        chosen[name] = fold
        sums[fold] += weight[name]
        counts[fold] += 1
    return {name: chosen[name] for name in names}
