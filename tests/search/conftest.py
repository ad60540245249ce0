from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def small_grid(params):
    """The shipped search space with fewer values on every axis."""
    change = {
        "strides": (1,),
        "aggregates": ("weighted", "max"),
        "thresholds": (0.3, 0.5, 0.7, 0.9),
        "lows": (1.0, 0.7),
        "suppressions": ("hard",),
        "max_iou": (0.2,),
    }
    grids = {kind: getattr(params.grid, kind).model_copy(update=change) for kind in ("me", "mae")}
    return params.grid.model_copy(update=grids)
