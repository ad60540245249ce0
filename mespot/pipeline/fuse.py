"""Stage `fuse`: fuse both branches of a data set and pack the final system."""

from __future__ import annotations

from collections.abc import Mapping

from mespot.core.files import read_json, write_csv, write_json
from mespot.flow.signals import FlowSignals
from mespot.fusion.candidates import VideoEvidence
from mespot.fusion.evidence import video_evidence
from mespot.fusion.fuse import fuse as run_fusion
from mespot.fusion.system import pack_system
from mespot.pipeline.grid import load_slices
from mespot.pipeline.stage import fresh, open_stage
from mespot.search.setting import ModelSetting, read_setting
from mespot.tables.load import read_events, read_interval_table, read_videos


def fuse(dataset: str) -> None:
    """Fuse both branches out-of-fold; see ``mespot.fusion.fuse``."""
    with open_stage("fuse", dataset) as stage:
        params, project = stage.params, stage.project
        videos = read_videos(project.artifact("index", dataset, "videos.csv"))
        events = read_events(project.artifact("index", dataset, "events.csv"))
        model = read_json(project.artifact("finetune", dataset, "folds.json"))
        names = videos["video"].tolist()
        slices = load_slices(project.artifact("slices", dataset), params.slices.lengths, names)
        flow = read_interval_table(project.artifact("flow", dataset, "intervals.csv"))
        signals = {
            name: FlowSignals.load(project.artifact("flow", dataset, f"{name}.npz"))
            for name in names
        }
        chosen = read_json(project.artifact("grid", dataset, "chosen.json"))["chosen"]
        settings = {
            kind: {fold: read_setting(value) for fold, value in folds.items()}
            for kind, folds in chosen.items()
        }

        def evidence(setting: Mapping[str, ModelSetting]) -> list[VideoEvidence]:
            return [
                video_evidence(
                    row.video,
                    row.fps,
                    int(row.frames),
                    flow[flow["video"] == row.video],
                    signals[row.video],
                    {length: slices[length][row.video] for length in params.slices.lengths},
                    model["granularities"],
                    setting,
                    params.grid,
                    params.fuse.margin,
                )
                for row in videos.itertuples()
            ]

        out = fresh(project.artifact("fuse", dataset))
        stage.run.params(params.fuse.model_dump())
        result = run_fusion(
            videos,
            events,
            evidence,
            settings,
            model["folds"],
            params.fuse,
            params.report,
            params.seed,
        )
        write_csv(out / "intervals.csv", result.intervals)
        for name in ("ablation", "differences", "reliability", "calibration", "oracle"):
            write_csv(out / f"{name}.csv", getattr(result, name))
        write_json(out / "chosen.json", result.chosen)
        pack_system(
            out / "system",
            {
                granularity: project.artifact("finetune", dataset, name)
                for granularity, name in zip(model["granularities"], model["folders"], strict=True)
            },
            {kind: folds["all"] for kind, folds in settings.items()},
            result.system,
            params,
        )
        overall = result.ablation[result.ablation["type"] == "overall"]
        stage.run.metrics({f"{row.member}_f1": row.f1 for row in overall.itertuples()})
        for row in result.calibration.itertuples():
            stage.run.metrics({f"ece_{row.type}": row.ece, f"brier_{row.type}": row.brier})
