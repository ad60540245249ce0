"""Stage `report`: metrics, curves, timelines and the HTML report of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mespot.data.load import read_events, read_videos
from mespot.evaluation.canvas import plain_style, save_png
from mespot.evaluation.plots import f1_bars, grid_heatmap, pr_curves
from mespot.evaluation.report import ReportSection, write_report
from mespot.evaluation.summary import summarise, summary_tables
from mespot.evaluation.timeline import draw_timeline
from mespot.files import write_csv, write_json
from mespot.flow.signals import FlowSignals
from mespot.parallel import map_videos
from mespot.pipeline.stage import fresh, open_stage
from mespot.tracking import flatten


def report(dataset: str) -> None:
    """Score both branches and their fusion, with subject-bootstrap intervals, and draw them."""
    with open_stage("report", f"report/{dataset}/run.json", dataset) as stage:
        params, project = stage.params, stage.project
        videos = read_videos(project.artifact("index", dataset, "videos.csv"))
        events = read_events(project.artifact("index", dataset, "events.csv"))
        intervals = pd.read_csv(
            project.artifact("fuse", dataset, "intervals.csv"), dtype={"video": str}
        )
        intervals = with_peaks(
            intervals,
            pd.read_csv(project.artifact("flow", dataset, "intervals.csv"), dtype={"video": str}),
        )
        grid = pd.read_csv(project.artifact("grid", dataset, "table.csv"))
        out = fresh(project.artifact("report", dataset))
        stage.run.params(params.report.model_dump())
        summary = summarise(dataset, videos, events, intervals, params.report, params.seed)
        tables = summary_tables(videos, events, intervals, params.report, params.seed)
        write_json(project.root / "metrics" / f"{dataset}.json", summary)
        plots = fresh(project.root / "metrics" / "plots" / dataset)
        for name, table in plot_tables(tables).items():
            write_csv(plots / f"{name}.csv", table)
        figures = {
            "f1": f1_bars(tables["ablation"], f"{dataset}: F1, out-of-fold"),
            "pr": pr_curves(tables["pr"], f"{dataset}: precision over recall"),
            "grid": grid_heatmap(grid, f"{dataset}: granularity x slice length"),
        }
        with plain_style():
            for name, figure in figures.items():
                save_png(out / f"{name}.png", figure)
                stage.run.artifact(out / f"{name}.png")
        timelines = {
            row.video: out / "timelines" / f"{row.video}.png" for row in videos.itertuples()
        }
        tasks = [
            (
                timelines[row.video],
                project.artifact("flow", dataset, f"{row.video}.npz"),
                intervals[intervals["video"] == row.video],
                events[events["video"] == row.video],
                f"{dataset} {row.video}",
                row.fps,
                params.flow.threshold,
                params.report.min_iou,
            )
            for row in videos.itertuples()
        ]
        map_videos(_timeline, tasks, params.jobs, "timelines")
        source = (
            f"{dataset} from data.root"
            if params.data.root
            else f"embedded (synthetic) data in the layout of {dataset}, "
            f"difficulty {params.synth.difficulty}"
        )
        section = ReportSection(summary, tables, source, grid, timelines)
        write_report(out / "report.html", [section], f"mespot: {dataset}")
        stage.run.artifact(out / "report.html")
        numbers = {
            key.replace(".", "/"): value
            for key, value in flatten(
                {name: summary[name] for name in ("model", "flow", "fused")}
            ).items()
        }
        stage.run.metrics(numbers)
        stage.run.parent(
            params.model_dump(),
            {f"{dataset}/{key}": value for key, value in numbers.items() if key.endswith("/f1")},
        )


def with_peaks(intervals: pd.DataFrame, flow: pd.DataFrame) -> pd.DataFrame:
    """Add apex and peak height of the flow branch's own intervals, which timelines mark."""
    keys = ["video", "onset", "offset", "type"]
    known = intervals.merge(flow[[*keys, "apex", "peak_sd"]], on=keys, how="left")
    known.loc[known["branch"] != "flow", ["apex", "peak_sd"]] = float("nan")
    return known


def plot_tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Cut the tables behind the plots so that each file is one series for `dvc plots`."""
    ablation, curve, subjects = tables["ablation"], tables["pr"], tables["f1_by_subject"]
    cut = {
        "ablation": ablation.assign(name=ablation["branch"] + " " + ablation["type"]),
        "f1_by_subject": subjects,
    }
    for branch in ("model", "flow", "fused"):
        overall = (curve["branch"] == branch) & (curve["type"] == "overall")
        cut[f"pr_{branch}"] = curve.loc[overall, ["score", "precision", "recall"]]
    fused = (subjects["branch"] == "fused") & (subjects["type"] == "overall")
    cut["f1_by_subject_fused"] = subjects.loc[fused, ["subject", "tp", "fp", "fn", "f1"]]
    return cut


def _timeline(
    path: Path,
    signals: Path,
    intervals: pd.DataFrame,
    events: pd.DataFrame,
    title: str,
    fps: float,
    threshold: float,
    min_iou: float,
) -> None:
    draw_timeline(
        path,
        FlowSignals.load(signals),
        intervals,
        events,
        title=title,
        fps=fps,
        threshold=threshold,
        min_iou=min_iou,
    )
