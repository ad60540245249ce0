"""Stage `sheet`: a picture of the crops of a data set, for a look by eye.

Nothing depends on it, so that a change of how it is drawn crops and trains nothing anew.
"""

from __future__ import annotations

import pandas as pd

from mespot.faces.contact_sheet import write_contact_sheet
from mespot.pipeline.stage import fresh, open_stage


def sheet(dataset: str) -> None:
    """Draw the contact sheet of a data set: the least certain videos first."""
    with open_stage("sheet", dataset) as stage:
        faces = stage.project.artifact("faces", dataset)
        table = pd.read_csv(faces / "faces.csv", dtype={"video": str}, keep_default_na=False)
        path = fresh(stage.project.artifact("sheet", dataset)) / "contact_sheet.png"
        write_contact_sheet(path, table, faces)
        stage.run.metrics({"videos": len(table)})
        stage.run.artifact(path)
