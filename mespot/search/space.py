"""The search space of the model branch as grids: every axis crossed with every other one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mespot.params.grid import TypeGrid
from mespot.search.setting import CurveSetting, ModelSetting, ProposalSetting

GRADED = ("smooth", "threshold", "low", "merge_gap", "min_length", "max_length", "max_iou")
"""Axes along which a small step is a small change."""


@dataclass(frozen=True)
class SearchGrid:
    """Settings of one decoder.

    Attributes:
        decoder: class of the settings.
        axes: field of the setting -> values tried, in the order of its fields; the last ones
            change fastest.
    """

    decoder: type[CurveSetting] | type[ProposalSetting]
    axes: dict[str, tuple[Any, ...]]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis."""
        return tuple(len(values) for values in self.axes.values())

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    def setting(self, index: int) -> ModelSetting:
        """The setting at a place of the flattened grid."""
        place = np.unravel_index(index, self.shape)
        return self.decoder(
            **{
                name: values[one]
                for (name, values), one in zip(self.axes.items(), place, strict=True)
            }
        )

    def column(self, name: str) -> np.ndarray:
        """Value of one axis at every place of the flattened grid."""
        axis = list(self.axes).index(name)
        place = np.unravel_index(np.arange(len(self)), self.shape)[axis]
        values = np.empty(len(self.axes[name]), dtype=object)
        values[:] = self.axes[name]
        return values[place]


def search_grids(granularities: Sequence[float], grid: TypeGrid, step: float) -> list[SearchGrid]:
    """Lay out the search space of one type: score curves, then proposals.

    Args:
        granularities: seconds.
        grid: what is tried.
        step: distance of the stored slices, fraction of their length.
    """
    steps = tuple(step * stride for stride in grid.strides)
    curve = {
        "granularity": tuple(granularities),
        "length": grid.lengths,
        "step": steps,
        "aggregate": grid.aggregates,
        "smooth": grid.smooth,
        "scale": grid.scales,
        "threshold": grid.thresholds,
        "low": grid.lows,
        "merge_gap": grid.merge_gap,
        "min_length": grid.min_length,
        "max_length": grid.max_length,
    }
    found = [SearchGrid(CurveSetting, curve)]
    if grid.suppressions:
        proposal = {
            "granularity": tuple(granularities),
            "lengths": (grid.lengths,),
            "step": steps,
            "suppression": grid.suppressions,
            "max_iou": grid.max_iou,
            "threshold": grid.thresholds,
        }
        found.append(SearchGrid(ProposalSetting, proposal))
    return found


def pooled_with_neighbours(counts: np.ndarray, search_grid: SearchGrid) -> np.ndarray:
    """Pool the counts of each setting with those of its neighbours along the graded axes.

    A setting that is good among good ones is likelier to stay good on new subjects than a lone
    peak. A neighbour weighs half per axis; at a rim the setting stands in for the missing one.

    Args:
        counts: (C, 3) TP, FP and FN of every setting of the grid.
        search_grid: tells the axes.
    """
    from scipy.ndimage import convolve1d

    table = counts.reshape(*search_grid.shape, 3).astype(np.float64)
    for axis, (name, values) in enumerate(search_grid.axes.items()):
        if name in GRADED and len(values) > 1:
            table = convolve1d(table, [0.25, 0.5, 0.25], axis=axis, mode="nearest")
    return table.reshape(-1, 3)
