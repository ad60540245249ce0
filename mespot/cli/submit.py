"""`mespot submit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mespot.core.errors import MespotError

if TYPE_CHECKING:
    import pandas as pd

    from mespot.core.project import Project
    from mespot.params import Params
    from mespot.submission.run import Submission

_RUN = "Writing"
_CHECK = "Checking (--check)"
_CONVERT = "Writing from an interval table (--intervals)"


def submit(
    words: Annotated[
        list[str],
        typer.Argument(
            help="A data set (megc2022, megc2023 or any other), or with --check files.",
            metavar="DATASET or FILE",
        ),
    ],
    check: Annotated[
        bool,
        typer.Option("--check", help="Check submission files, write nothing.", show_default=False),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of results.", rich_help_panel=_RUN)
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(
            help="Folder above that of the data set; default: data.root of the params.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a fused system; without one the flow branch answers.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    cas_model: Annotated[
        Path | None, typer.Option(help="The system for the CAS part.", rich_help_panel=_RUN)
    ] = None,
    samm_model: Annotated[
        Path | None, typer.Option(help="The system for the SAMM part.", rich_help_panel=_RUN)
    ] = None,
    header: Annotated[
        int,
        typer.Option(
            help="2023: vid,onset,offset,type; 2022: vid,pred_onset,pred_offset,type.",
            rich_help_panel=_RUN,
        ),
    ] = 2023,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Processes, 0 = all cores; default: jobs of the params.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    params: Annotated[
        Path | None,
        typer.Option(help="Settings; default: the project's params.yaml.", rich_help_panel=_RUN),
    ] = None,
    intervals: Annotated[
        Path | None,
        typer.Option(
            help="Convert this table, e.g. artifacts/fuse/samm_lv/intervals.csv, search nothing.",
            rich_help_panel=_CONVERT,
        ),
    ] = None,
    branch: Annotated[
        str, typer.Option(help="Rows to take from the table of fuse.", rich_help_panel=_CONVERT)
    ] = "fused",
    min_score: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Leave out rows with a lower score.", rich_help_panel=_CONVERT
        ),
    ] = 0.0,
    index: Annotated[
        Path | None,
        typer.Option(
            help="videos.csv of the index: the frames that exist.", rich_help_panel=_CHECK
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            "-d",
            help="Edition whose videos are allowed; default: guessed.",
            rich_help_panel=_CHECK,
        ),
    ] = None,
) -> None:
    """Write and check submission files of the MEGC challenges.

    DATASET --out OUT searches every video of the unseen set as `mespot spot` does and writes
    OUT/cas_pred.csv and OUT/samm_pred.csv in official frame numbers, and OUT/intervals.csv with
    scores. Run the same command again after an interruption: finished videos are kept. Any other
    data set gives OUT/DATASET_pred.csv.

    --check FILE looks at header, types, order, names, duplicates, overlaps, lengths and, with
    --index, at every frame number; it exits with 1 when something is wrong.

    Examples:

        mespot submit megc2023 --root /data --out entry

        mespot submit megc2023 --root /data --out entry --samm-model artifacts/fuse/samm_lv/system

        mespot submit --check entry/cas_pred.csv entry/samm_pred.csv

        mespot submit --check cas_pred.csv --index artifacts/index/megc2023/videos.csv

        mespot submit samm_lv --intervals artifacts/fuse/samm_lv/intervals.csv --out entry
    """
    if check:
        if out is not None or intervals is not None:
            raise MespotError("--check reads files and writes none: leave out --out, --intervals")
        _check(words, dataset, index)
        return
    if len(words) > 1:
        raise MespotError(f"found {' '.join(words)}, expected one data set, or --check for files")
    if out is None:
        raise MespotError("--out is missing, expected a folder of results")
    if dataset is not None:
        raise MespotError(f"--dataset goes with --check, expected the data set as {dataset} alone")
    from mespot.submission.run import convert

    if intervals is not None:
        videos = _index(words[0], index)
        result = convert(words[0], intervals, videos, out, header, branch, min_score)
    else:
        if index is not None:
            raise MespotError("--index goes with --check or --intervals, the disk is listed anew")
        result = _search(words[0], root, out, params, (model, cas_model, samm_model), header, jobs)
    _show(result, out)


def _search(
    dataset: str,
    root: Path | None,
    out: Path,
    params_file: Path | None,
    models: tuple[Path | None, Path | None, Path | None],
    header: int,
    jobs: int | None,
) -> Submission:
    from mespot.params import load_params
    from mespot.submission.edition import EDITIONS
    from mespot.submission.run import submit as run

    model, cas, samm = models
    if dataset in EDITIONS:
        systems = {"cas": cas or model, "samm": samm or model}
    elif cas or samm:
        raise MespotError(
            f"--cas-model and --samm-model go with {' or '.join(EDITIONS)}, expected --model"
        )
    else:
        systems = {dataset: model}
    project = _project()
    params = load_params(params_file or (project.params if project else None))
    root = root or _data_root(dataset, params, project)
    jobs = params.jobs if jobs is None else jobs
    return run(dataset, root, out, params, systems, header, jobs)


def _project() -> Project | None:
    from mespot.core.project import Project

    try:
        return Project.find()
    except MespotError:
        return None


def _data_root(dataset: str, params: Params, project: Project | None) -> Path:
    from mespot.pipeline.raw import raw_root
    from mespot.submission.edition import EDITIONS

    if project is None or (dataset in EDITIONS and not params.data.root):
        raise MespotError(
            f"no folder is known for {dataset}: data.root in params.yaml is empty, "
            f"expected --root, the folder above {dataset}"
        )
    return raw_root(params, project)


def _index(dataset: str, index: Path | None) -> pd.DataFrame:
    from mespot.tables.load import read_videos

    if index is None:
        project = _project()
        if project is None:
            raise MespotError("--index is missing, expected videos.csv of the data set")
        index = project.artifact("index", dataset, "videos.csv")
    return read_videos(index)


def _check(files: list[str], dataset: str | None, index: Path | None) -> None:
    from mespot.submission.check import check_submission
    from mespot.submission.render import render_report
    from mespot.tables.load import read_videos

    videos = read_videos(index) if index is not None else None
    reports = [check_submission(file, dataset, videos) for file in files]
    typer.echo("\n\n".join(render_report(report) for report in reports))
    if not all(report.valid for report in reports):
        raise typer.Exit(1)


def _show(result: Submission, out: Path) -> None:
    from mespot.submission.render import render_report

    for report in result.reports.values():
        typer.echo(render_report(report) + "\n")
    if result.missing:
        typer.echo(f"not on disk, hence without prediction: {' '.join(result.missing)}")
    counts = result.intervals["type"].value_counts()
    typer.echo(
        f"{counts.get('me', 0)} micro-, {counts.get('mae', 0)} macro-expressions, "
        f"{out / 'intervals.csv'}"
    )
    if result.failed:
        video, fault = next(iter(result.failed.items()))
        raise MespotError(
            f"{len(result.failed)} videos failed and have no prediction: {video}: {fault}"
        )
