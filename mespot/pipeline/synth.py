"""Stage `synth`: render the embedded data."""

from __future__ import annotations

import pandas as pd

from mespot.core.files import write_csv, write_json
from mespot.pipeline.stage import fresh, open_stage


def synth() -> None:
    """Render the embedded data in the official layouts; skip it when `data.root` names real data.

    The frames lie below ``data/embedded`` and never enter the DVC cache; what DVC tracks is the
    manifest with a checksum per video.
    """
    with open_stage("synth") as stage:
        params = stage.params
        manifest = fresh(stage.project.artifact("synth")) / "manifest.csv"
        stage.run.params({"seed": params.seed, "synth": params.synth.model_dump()})
        if params.data.root:
            write_csv(manifest, pd.DataFrame({"dataset": [], "video": [], "path": []}))
            write_json(manifest.parent / "source.json", {"folder": None})
            return
        from mespot.synth.build import build_synth

        folder = build_synth(
            params.synth, params.seed, params.jobs, stage.project.embedded, manifest
        )
        write_json(manifest.parent / "source.json", {"folder": folder.name})
        rows = pd.read_csv(manifest)
        stage.run.metrics({"files": len(rows), "frames": rows["frames"].fillna(0).sum()})
