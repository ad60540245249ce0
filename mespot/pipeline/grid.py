"""Stage `grid`: match granularity, slice length and decoding on held-out subjects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.core.events import TYPES
from mespot.core.files import read_json, read_npz, write_csv, write_json
from mespot.flow.signals import FlowSignals
from mespot.pipeline.labelled import read_labelled
from mespot.pipeline.stage import fresh, open_stage
from mespot.search.gating import gate_table
from mespot.search.grid import search
from mespot.search.model_branch import SliceScores
from mespot.tables.load import read_videos


def grid(dataset: str) -> None:
    """Search the grid of a data set; see ``mespot.search.grid``."""
    with open_stage("grid", dataset) as stage:
        params, project = stage.params, stage.project
        for kind in TYPES:
            strange = set(getattr(params.grid, kind).lengths) - set(params.slices.lengths)
            if strange:
                raise MespotError(
                    f"{project.params}: grid.{kind}.lengths: found {min(strange):g}, "
                    f"slices.lengths has {', '.join(map(str, params.slices.lengths))}"
                )
        videos = read_videos(project.artifact("index", dataset, "videos.csv"))
        events = read_labelled(project, dataset)
        model = read_json(project.artifact("finetune", dataset, "folds.json"))
        folder = project.artifact("slices", dataset)
        slices = load_slices(folder, params.slices.lengths, videos["video"].tolist())
        out = fresh(project.artifact("grid", dataset))
        stage.run.params(params.grid.model_dump())
        result = search(
            videos,
            events,
            slices,
            model["granularities"],
            model["folds"],
            params.grid,
            params.report.min_iou,
        )
        signals = {
            video: FlowSignals.load(project.artifact("flow", dataset, f"{video}.npz"))
            for video in videos["video"]
        }
        gate = gate_table(
            videos,
            events,
            slices,
            signals,
            model["granularities"],
            result.chosen,
            model["folds"],
            params.grid,
            params.report.min_iou,
        )
        write_csv(out / "table.csv", result.table)
        write_csv(out / "gate.csv", gate)
        write_csv(out / "heatmap.csv", result.heatmap)
        write_csv(out / "intervals.csv", result.intervals)
        chosen = {
            kind: {fold: setting.as_dict() for fold, setting in settings.items()}
            for kind, settings in result.chosen.items()
        }
        write_json(
            out / "chosen.json",
            {
                "chosen": chosen,
                "margins": result.margins,
                "nested": result.nested,
                "oracle": result.oracle,
            },
        )
        for kind in result.nested:
            stage.run.metrics(
                {
                    f"nested_{kind}_f1": result.nested[kind],
                    f"oracle_{kind}_f1": result.oracle[kind],
                    f"margin_{kind}": result.margins[kind]["all"].get("margin", 0.0),
                }
            )
        stage.run.metrics({"settings": len(result.table)})


def load_slices(
    folder: Path, lengths: Sequence[float], videos: Sequence[str]
) -> dict[float, dict[str, SliceScores]]:
    """Read the slice scores of the configured lengths (never what else lies in the folder)."""
    slices = {}
    for length in lengths:
        arrays = read_npz(folder / f"{length}" / "scores.npz")
        slices[length] = {
            video: SliceScores(length, arrays[f"{video}/start"], arrays[f"{video}/scores"])
            for video in videos
        }
    return slices
