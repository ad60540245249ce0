from __future__ import annotations

import numpy as np
import pandas as pd

from mespot.metric import F1Scorer, count_sets
from mespot.metric.intervals import Intervals


def test_sets_are_counted_as_each_alone():
    rng = np.random.default_rng(3)
    names = ["a", "b", "c"]

    def table(rows: int) -> pd.DataFrame:
        onset = rng.integers(0, 150, rows)
        columns = {"onset": onset, "offset": onset + rng.integers(4, 40, rows)}
        kind = rng.choice(["me", "mae"], rows)
        return pd.DataFrame({"video": rng.choice(names, rows), **columns, "type": kind})

    scorer = F1Scorer(table(40), names)  # crowded: many predictions compete for an event
    sets = [table(rows) for rows in (60, 0, 1, 30, 90)]
    read = [scorer.read(one) for one in sets]
    fields = ("video", "onset", "offset", "type", "score")
    rows = Intervals(*(np.concatenate([getattr(one, name) for one in read]) for name in fields))
    number = np.repeat(np.arange(5), [len(one) for one in read])
    order = rng.permutation(len(number))
    counts = count_sets(scorer, rows.take(order), number[order], 5)
    for one, found in zip(sets, counts, strict=True):
        np.testing.assert_array_equal(found, scorer.score(one).table)
