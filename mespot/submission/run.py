"""From the videos of a challenge to its submission files."""

from __future__ import annotations

import functools
import logging
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.events import INTERVAL_COLUMNS, empty_intervals
from mespot.core.files import write_csv
from mespot.core.fingerprint import Resume, hash_path
from mespot.core.parallel import map_videos
from mespot.core.project import exclusive
from mespot.crops.grey_store import CropFile
from mespot.datasets.adapter import adapter
from mespot.datasets.megc import part_of
from mespot.datasets.raw import RawVideo
from mespot.faces.preprocess import origin_of
from mespot.fusion.system import System, load_system
from mespot.params import Params
from mespot.params.data import DataParams
from mespot.spotting.video import (
    analyse_video,
    load_classifiers,
    needs_colour,
    open_for,
    with_system,
)
from mespot.submission.check import Report, check_submission
from mespot.submission.edition import EDITIONS, names_of
from mespot.submission.intervals import read_intervals
from mespot.submission.write import check_header, to_official, write_submission
from mespot.tables.numbers import Numbering

if TYPE_CHECKING:
    from mespot.slices.score import SliceScorer

log = logging.getLogger(__name__)
COLUMNS = ("vid", "onset", "offset", "type", "score", "onset_s", "offset_s")
# what decides which intervals are found: a change makes finished videos stale
CODE = (
    *("core", "crops", "faces", "flow", "fusion", "metric", "models", "params", "search", "slices"),
    *("speech", "spotting", "tables", "video"),
)


@dataclass(frozen=True)
class Submission:
    """What ``submit`` wrote.

    Attributes:
        reports: part -> check of its file.
        intervals: rows of ``intervals.csv``.
        missing: videos of the edition that are not on disk.
        failed: video -> why it could not be searched; it has no prediction.
    """

    reports: dict[str, Report]
    intervals: pd.DataFrame
    missing: tuple[str, ...]
    failed: dict[str, str]


def submit(
    dataset: str,
    root: Path,
    out: Path,
    params: Params,
    models: Mapping[str, Path | None],
    header: int = 2023,
    jobs: int = 0,
) -> Submission:
    """Search all videos of a data set and write its submission files.

    Writes ``out/<part>_pred.csv`` (``cas`` and ``samm`` for the challenges, the name of the data
    set for any other) and ``out/intervals.csv`` (``COLUMNS``; official numbers, with scores), and
    checks them. Every video is searched as ``mespot spot`` does it. Finished videos stay below
    ``out/.work`` with a hash of settings, code and frames: an interrupted call goes on, a changed
    one starts afresh.

    Args:
        dataset: ``megc2022``, ``megc2023`` or any other data set that mespot reads.
        root: folder that holds the folder of the data set.
        out: folder of results.
        params: settings; a system brings its own.
        models: part -> folder of a fused system, ``None`` for the flow branch.
        header: 2022 or 2023.
        jobs: processes; 0 = all cores.

    Raises:
        MespotError: no videos, no such system or header, or no video in which a face could be
            followed.
    """
    check_header(header)
    systems = {part: load_system(path) if path else None for part, path in models.items()}
    videos = list_videos(dataset, root, params.data)
    missing: tuple[str, ...] = ()
    if dataset in EDITIONS:
        videos, missing = _of_edition(dataset, videos, root)
    part = part_naming(dataset)
    absent = sorted(set(models) - {part(name) for name in videos["video"]})
    for name in absent:
        log.warning("%s: no video of the %s part on disk, its file is not written", dataset, name)
    with exclusive(out / ".work"):
        tables, failed = _search(videos, out / ".work", params, systems, jobs, part)
    if len(failed) == len(videos):
        raise MespotError(next(iter(failed.values())))
    return _write(
        dataset, pd.concat(tables, ignore_index=True), videos, out, header, missing, failed
    )


def convert(
    dataset: str,
    table: Path,
    videos: pd.DataFrame,
    out: Path,
    header: int = 2023,
    branch: str = "fused",
    min_score: float = 0.0,
) -> Submission:
    """Write the submission files from an interval table of the pipeline.

    Args:
        dataset: names the files where its videos are not those of a challenge.
        table: see ``mespot.submission.intervals.read_intervals``.
        videos: rows of videos.csv.
        out: folder of results, as in ``submit``.
        header: 2022 or 2023.
        branch: see ``read_intervals``.
        min_score: see ``read_intervals``.

    Raises:
        MespotError: a faulty table, or one that does not fit ``videos``.
    """
    intervals = read_intervals(table, branch, min_score)
    return _write(dataset, intervals, videos, out, header, (), {})


def list_videos(dataset: str, root: Path, params: DataParams) -> pd.DataFrame:
    """List the videos of a data set without reading a frame.

    Returns:
        ``subject``, ``video``, ``path`` (whole), ``fps``, ``frames`` (0 = unknown), ``first``,
        ``gaps``; sorted by subject and video.

    Raises:
        MespotError: no such folder, no video in it, or a video twice.
    """
    folder = root / dataset
    tool = adapter(dataset, folder)
    if not folder.is_dir():
        raise MespotError(
            f"{folder}: not found, expected the folder of data set {dataset} (--root names the "
            "folder above it, or data.root in params.yaml)"
        )
    table = pd.DataFrame([_entry(video) for video in tool.videos(folder, params)])
    if table.empty:
        raise MespotError(f"{folder}: found no video, expected the official layout of {dataset}")
    twice = table[table["video"].duplicated()]
    if len(twice):
        first = table.loc[table["video"] == twice["video"].iloc[0], "path"].iloc[0]
        raise MespotError(
            f"{twice['path'].iloc[0]}: video {twice['video'].iloc[0]} lies also in {first}, "
            "expected one folder"
        )
    return table.sort_values(["subject", "video"], ignore_index=True)


def part_naming(dataset: str) -> Callable[[str], str]:
    """Return the function that names the part, hence the file, of a video."""
    return part_of if dataset in EDITIONS else lambda video: dataset


def _of_edition(
    dataset: str, videos: pd.DataFrame, root: Path
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out what is no test video of the edition; also the names that are not on disk."""
    names = names_of(dataset)
    wanted = videos["video"].isin(names)
    if not wanted.any():
        raise MespotError(
            f"{root / dataset}: found {videos['video'].iloc[0]}, expected test videos of "
            f"{EDITIONS[dataset]}, such as {names[0]}"
        )
    if not wanted.all():
        surplus = " ".join(videos.loc[~wanted, "video"])
        log.warning("%s: no test videos of %s, left out: %s", dataset, EDITIONS[dataset], surplus)
    missing = tuple(name for name in names if name not in set(videos["video"]))
    return videos[wanted].reset_index(drop=True), missing


def _entry(video: RawVideo) -> dict[str, object]:
    known = video.numbers is not None
    numbering = Numbering.of(video.numbers) if known else Numbering(0)
    return {
        "subject": video.subject,
        "video": video.video,
        "path": str(video.path),
        "fps": float(video.fps),
        "frames": len(video.numbers) if known else 0,
        "first": numbering.first,
        "gaps": numbering.text,
    }


def _search(
    videos: pd.DataFrame,
    work: Path,
    params: Params,
    systems: Mapping[str, System | None],
    jobs: int,
    part: Callable[[str], str],
) -> tuple[list[pd.DataFrame], dict[str, str]]:
    """Search the videos that are not finished; intervals (0-based) of all, and faults by video."""
    digests = {
        name: None if system is None else hash_path(system.folder)
        for name, system in systems.items()
    }
    resume, keys, rows, tasks = Resume(work, CODE), {}, {}, []
    for folder in work.iterdir():
        if folder.is_dir():  # crops that a kill left
            shutil.rmtree(folder)
    for row in videos.itertuples():
        own, name = part(row.video), row.video
        system = systems.get(own)
        chosen = with_system(params, system)
        keys[name] = resume.key(
            digests.get(own),
            [getattr(chosen, section).model_dump() for section in ("preprocess", "flow", "slices")],
            [name, row.fps, row.frames, row.first, row.gaps, origin_of(row.path)],
        )
        rows[name] = resume.done(name, keys[name])
        if rows[name] is None:
            model = None if system is None else (str(system.folder), digests[own])
            words = row.path, name, row.fps, str(work), keys[name], params, model
            tasks.append((row.frames, words))
    if len(tasks) < len(videos):
        log.info("%d of %d videos were finished before", len(videos) - len(tasks), len(videos))
    # the longest first: otherwise one core works on it while the others are done
    tasks.sort(key=lambda task: -task[0])
    answers = map_videos(_search_one, [task for _, task in tasks], jobs, "videos")
    failed = {}
    for (_, task), (found, fault) in zip(tasks, answers, strict=True):
        rows[task[1]] = found
        if fault:
            failed[task[1]] = fault
            log.error("%s: %s", task[1], fault)
    tables = [empty_intervals()]
    for video in videos["video"]:
        if rows[video]:
            tables.append(pd.DataFrame(rows[video])[list(INTERVAL_COLUMNS)])
    return tables, failed


def _search_one(
    path: str,
    video: str,
    fps: float,
    work: str,
    key: str,
    params: Params,
    model: tuple[str, str] | None,
) -> tuple[list[dict] | None, str | None]:
    """Search one video and note its intervals; returns them, or what went wrong."""
    try:
        system, own, classifiers = _loaded(model, params.model_dump_json())
        source = open_for(system)(Path(path), fps)
        # crops go at once, not at the end: those of a whole challenge take gigabytes
        with tempfile.TemporaryDirectory(prefix=".crops-", dir=work) as folder:
            crops = CropFile(Path(folder), video, needs_colour(system))
            found = analyse_video(source, video, crops, own, system, classifiers, sound=Path(path))
    except MespotError as error:
        return None, str(error)
    rows = found.intervals[list(INTERVAL_COLUMNS)].to_dict("records")
    return Resume(Path(work)).finish(video, key, rows), None


@functools.lru_cache(maxsize=2)  # of both parts of a challenge, once in every process
def _loaded(
    model: tuple[str, str] | None, params: str
) -> tuple[System | None, Params, SliceScorer | None]:
    """Load a system (folder and digest), its settings and its classifiers."""
    system = load_system(Path(model[0])) if model else None
    own = with_system(Params.model_validate_json(params), system)
    return system, own, load_classifiers(system, own)


def _write(
    dataset: str,
    intervals: pd.DataFrame,
    videos: pd.DataFrame,
    out: Path,
    header: int,
    missing: tuple[str, ...],
    failed: dict[str, str],
) -> Submission:
    rates = dict(zip(videos["video"], videos["fps"], strict=True))
    rate = intervals["video"].map(rates).astype(float)
    timed = intervals.assign(
        score=intervals["score"].round(4),
        onset_s=(intervals["onset"] / rate).round(4),
        offset_s=(intervals["offset"] / rate).round(4),
    )
    table = to_official(timed, videos).rename(columns={"video": "vid"})[list(COLUMNS)]
    files = write_submission(out, intervals, videos, header, part_naming(dataset))
    write_csv(out / "intervals.csv", table)
    edition = dataset if dataset in EDITIONS else None
    reports = {part: check_submission(path, edition, videos) for part, path in files.items()}
    for path in sorted(out.glob("*_pred.csv")):
        if path not in files.values():
            log.warning("%s: left from an earlier call, it does not belong to this one", path)
    for report in reports.values():
        if not report.valid:
            raise MespotError(f"{report.path}: written, but not valid: {report.errors[0]}")
    return Submission(reports, table, missing, failed)
