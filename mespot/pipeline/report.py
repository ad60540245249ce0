"""Stage `report`: metrics, curves, timelines and the HTML page of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from mespot.core.files import read_json, write_csv, write_json
from mespot.core.parallel import map_videos
from mespot.core.project import Project
from mespot.crops.archive import CropReader
from mespot.evaluation.summary import headline, score_branches, summarise, summary_tables
from mespot.evaluation.verdicts import mark_hits
from mespot.flow.signals import FlowSignals
from mespot.params import Params
from mespot.pipeline.stage import fresh, open_stage
from mespot.plots.canvas import plain_style, save_png
from mespot.plots.results import f1_bars, grid_heatmap, pr_curves
from mespot.plots.timeline import draw_timeline
from mespot.report.collect import (
    chosen_settings,
    judge_branches,
    read_fusion,
    split_by_condition,
)
from mespot.report.results_page import Results, write_results_page
from mespot.report.video import VideoView, timeline
from mespot.tables.load import read_events, read_interval_table, read_videos
from mespot.tracking.served import save_served_system


def report(dataset: str) -> None:
    """Score both branches and their fusion, with subject-bootstrap intervals, and show them."""
    with open_stage("report", dataset) as stage:
        params, project = stage.params, stage.project
        files = _Files(project, dataset)
        videos, events, intervals = files.tables()
        heatmap = pd.read_csv(project.artifact("grid", dataset, "heatmap.csv"))
        out = fresh(project.artifact("report", dataset))
        stage.run.params(params.report.model_dump())
        scored = score_branches(videos, events, intervals, params.report.min_iou)
        summary = summarise(dataset, videos, events, scored, params.report, params.seed)
        tables = summary_tables(videos, scored, params.report, params.seed)
        verdicts = judge_branches(events, intervals, params.report.min_iou)
        intervals = mark_hits(intervals, verdicts)
        tables |= split_by_condition(
            verdicts,
            dict(zip(videos["video"], videos["fps"], strict=True)),
            files.signals,
            params.report.durations,
        )
        write_json(project.root / "metrics" / f"{dataset}.json", summary)
        write_json(project.root / "metrics" / "f1" / f"{dataset}.json", headline(summary))
        plots = fresh(project.root / "metrics" / "plots" / dataset)
        fusion = read_fusion(project.artifact("fuse", dataset))
        for name, table in plot_tables(tables, heatmap, fusion).items():
            write_csv(plots / f"{name}.csv", table)
        figures = {
            "f1": f1_bars(tables["ablation"], f"{dataset}: F1, out-of-fold"),
            "pr": pr_curves(tables["pr"], f"{dataset}: precision over recall"),
            "grid": grid_heatmap(heatmap, f"{dataset}: granularity x slice length"),
        }
        with plain_style():
            for name, figure in figures.items():
                save_png(out / f"{name}.png", figure)
                stage.run.artifact(out / f"{name}.png")
        pictures = _draw_timelines(files, videos, events, intervals, params, out)

        def view(video: str) -> VideoView:
            row = videos[videos["video"] == video].iloc[0]
            return VideoView(
                video,
                files.signals(video),
                intervals[intervals["video"] == video],
                events[events["video"] == video],
                CropReader(project.artifact("faces", dataset, f"{video}.zip")),
                subject=str(row["subject"]),
                verdicts=verdicts[verdicts["video"] == video],
            )

        page = params.report.page
        # a thousand timelines would make a page that no browser opens: some from all over the list
        spread = np.linspace(0, len(videos) - 1, min(len(videos), page.videos)).round().astype(int)
        shown = [
            timeline(view(video), params.flow.threshold, params.report.min_iou, page)
            for video in videos["video"].iloc[spread]
        ]
        results = Results(
            summary=summary,
            tables=tables,
            source=_source(dataset, params),
            tags=_tags(params),
            heatmap=heatmap,
            fusion=fusion,
            chosen=chosen_settings(
                read_json(project.artifact("grid", dataset, "chosen.json")),
                read_json(project.artifact("fuse", dataset, "chosen.json")),
            ),
            verdicts=verdicts,
            timelines=shown,
            pictures=pictures,
        )
        write_results_page(out / "report.html", results, view, page, f"mespot: {dataset}")
        stage.run.artifact(out / "report.html")
        figures_of_run = headline(summary)
        stage.run.metrics(figures_of_run)
        stage.run.parent(
            params.model_dump(),
            {f"{dataset}/{name}": value for name, value in figures_of_run.items()},
        )
        for name in ("f1.png", "report.html"):
            stage.run.parent_artifact(out / name, dataset)
        system = project.artifact("fuse", dataset, "system")
        stage.run.model("system", partial(save_served_system, system))


class _Files:
    """The artifacts of a data set that the report reads."""

    def __init__(self, project: Project, dataset: str):
        self._project, self._dataset = project, dataset
        # gallery and timelines come back to the same videos
        self.signals = lru_cache(maxsize=32)(self._signals)

    def _signals(self, video: str) -> FlowSignals:
        return FlowSignals.load(self.signal_file(video))

    def signal_file(self, video: str) -> Path:
        return self._project.artifact("flow", self._dataset, f"{video}.npz")

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Videos, events, and the intervals of all branches with the peaks of flow's own."""
        artifact, dataset = self._project.artifact, self._dataset
        return (
            read_videos(artifact("index", dataset, "videos.csv")),
            read_events(artifact("index", dataset, "events.csv")),
            with_peaks(
                read_interval_table(artifact("fuse", dataset, "intervals.csv")),
                read_interval_table(artifact("flow", dataset, "intervals.csv")),
            ),
        )


def with_peaks(intervals: pd.DataFrame, flow: pd.DataFrame) -> pd.DataFrame:
    """Add apex and peak height of the flow branch's own intervals, which timelines mark."""
    keys = ["video", "onset", "offset", "type"]
    known = intervals.merge(flow[[*keys, "apex", "peak_sd"]], on=keys, how="left")
    known.loc[known["branch"] != "flow", ["apex", "peak_sd"]] = float("nan")
    return known


def plot_tables(
    tables: Mapping[str, pd.DataFrame],
    heatmap: pd.DataFrame,
    fusion: Mapping[str, pd.DataFrame],
) -> dict[str, pd.DataFrame]:
    """Cut the tables behind the plots so that each file is one series for `dvc plots`."""
    subjects, curves, members = tables["f1_by_subject"], tables["pr"], fusion["ablation"]
    fused = (subjects["branch"] == "fused") & (subjects["type"] == "overall")
    points = ["branch", "score", "precision", "recall"]
    return {
        "ablation": tables["ablation"],
        "f1_by_subject": subjects,
        "f1_by_subject_fused": subjects.loc[fused, ["subject", "tp", "fp", "fn", "f1"]],
        "f1_by_duration": tables["by_duration"],
        "f1_by_head_motion": tables["by_head_motion"],
        "heatmap": heatmap[["type", "granularity", "length", "f1"]],
        "pr": curves.loc[curves["type"] == "overall", points],
        **{name: table for name, table in fusion.items() if name != "ablation"},
        # member and type in one, an axis for `dvc plots`
        "members": members.assign(name=members["member"] + " " + members["type"]),
    }


def _source(dataset: str, params: Params) -> str:
    if params.data.root:
        return f"{dataset} from data.root"
    return (
        f"Embedded (synthetic) data in the layout of {dataset}, "
        f"difficulty {params.synth.difficulty}"
    )


def _tags(params: Params) -> list[str]:
    lengths = ", ".join(f"{length:g}" for length in params.slices.lengths)
    data = "real videos" if params.data.root else f"rendered faces: {params.synth.difficulty}"
    return [
        data,
        f"folds by subject: {params.data.folds}",
        f"model {params.pretrain.model}, input {params.pretrain.input}",
        f"pre-trained for {params.pretrain.steps} steps",
        f"slices of {lengths} s",
        f"hit from IoU {params.report.min_iou:g}",
        f"seed {params.seed}",
    ]


def _draw_timelines(
    files: _Files,
    videos: pd.DataFrame,
    events: pd.DataFrame,
    intervals: pd.DataFrame,
    params: Params,
    out: Path,
) -> dict[str, Path]:
    names = dict(zip(videos["video"], videos["fps"], strict=True))
    pictures = {name: out / "timelines" / f"{name}.png" for name in names}
    tasks = [
        (
            pictures[name],
            files.signal_file(name),
            intervals[intervals["video"] == name],
            events[events["video"] == name],
            name,
            fps,
            params.flow.threshold,
            params.report.min_iou,
        )
        for name, fps in names.items()
    ]
    map_videos(_timeline, tasks, params.jobs, "timelines")
    return pictures


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
