"""The script of the MLflow model of a fused system (``mespot.tracking.served`` packs it).

MLflow runs it where the model is loaded; a prediction is what ``mespot spot --model`` finds.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from mespot.fusion.system import load_system
from mespot.params import load_params
from mespot.spotting.api import Spotter

COLUMNS = ("path", "onset", "offset", "type", "score", "onset_s", "offset_s", "speech")


class ServedSystem(PythonModel):
    """A fused system behind MLflow's interface."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the system that was packed with the model."""
        system = load_system(Path(context.artifacts["system"]))
        self.spotter = Spotter(system, load_params(context.artifacts["params"]))

    def predict(self, context, model_input, params=None):
        """Spot in videos.

        Args:
            context: unread.
            model_input: table with ``path``, a video file or a folder of frames, and perhaps
                ``fps``, which folders need.
            params: unread.

        Returns:
            one row per interval, with ``path`` and the columns of ``intervals.csv``.

        Raises:
            MespotError: a path that cannot be read or in which no face can be followed.
        """
        tables = [pd.DataFrame({name: [] for name in COLUMNS})]
        for row in model_input.to_dict("records"):
            fps = row.get("fps")
            given = None if fps is None or pd.isna(fps) else float(fps)
            _, found = self.spotter.analyse(row["path"], given)
            tables.append(found.assign(path=row["path"])[list(COLUMNS)])
        kept = [table for table in tables if len(table)] or tables[:1]
        return pd.concat(kept, ignore_index=True)


set_model(ServedSystem())
