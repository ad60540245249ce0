"""``mespot spot`` on real faces that two people annotated by eye: figures, errors by cause, sheets.

FOLDER holds the clips, ``clips.csv`` and ``annotations.csv`` (``real_truth.py`` says what counts).
All clips are spotted into ``--out``, where a clip stays that the same code and settings have done
already. The annotators are careful but no certified FACS coders, and saw the clips without sound:
say so wherever a figure is published.

    python benchmarks/real_faces.py FOLDER --out out
    python benchmarks/real_faces.py FOLDER --out out --errors errors.csv --sheets sheets
    python benchmarks/real_faces.py FOLDER --intervals out/intervals.csv   # score, run nothing
    python benchmarks/real_faces.py FOLDER --out new --against out/intervals.csv
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from real_causes import Recording, cause_table, edge_table, errors_of, noise
from real_scoring import (
    Judged,
    clip_table,
    judge_all,
    person_difference,
    person_interval,
    reliability,
    totals,
)
from real_truth import ClipTruth, read_truth

import mespot
from mespot.core.errors import MespotError
from mespot.core.files import read_json, write_csv, write_json
from mespot.core.fingerprint import hash_path
from mespot.params import Params, load_params
from mespot.spotting.inputs import Input
from mespot.spotting.run import spot
from mespot.spotting.tables import COLUMNS

IOUS = (0.5, 0.3)
_NOTE = ".benchmark.json"  # in a clip's folder of results: what they were made with


def run_clips(
    clips: dict[str, Path], out: Path, params: Params, fresh: bool = False
) -> pd.DataFrame:
    """Spot in every clip, those aside that the same code, settings and file did before.

    Args:
        clips: file of each clip.
        out: folder of results, as ``mespot spot`` writes them.
        params: settings.
        fresh: do all of them again.

    Returns:
        the intervals of all clips, also written to ``out/intervals.csv``.
    """
    state = hash_path(Path(mespot.__file__).parent) + params.model_dump_json()
    tables = []
    for number, (clip, file) in enumerate(clips.items(), start=1):
        key = hashlib.sha256((state + hash_path(file)).encode()).hexdigest()
        note, kept = out / clip / _NOTE, out / clip / "intervals.csv"
        if not fresh and note.is_file() and read_json(note) == {"key": key}:
            tables.append(read_intervals(kept))
            continue
        note.unlink(missing_ok=True)
        start = time.perf_counter()
        try:
            table = spot([Input(clip, file, None)], out, params)
        except MespotError as error:
            print(f"{clip}: {error}")
            table = pd.DataFrame(columns=list(COLUMNS))
        write_csv(kept, table)
        write_json(note, {"key": key})
        seconds = time.perf_counter() - start
        print(f"{number}/{len(clips)} {clip}: {len(table)} intervals, {seconds:.1f} s", flush=True)
        tables.append(table)
    table = pd.concat([one for one in tables if len(one)] or tables[:1], ignore_index=True)
    write_csv(out / "intervals.csv", table)
    (out / "report.html").unlink(missing_ok=True)  # of the last clip alone
    return table


def read_intervals(path: Path) -> pd.DataFrame:
    """Read an ``intervals.csv``."""
    return pd.read_csv(path, dtype={"vid": str, "type": str})


def read_recordings(folder: Path, clips: Sequence[str]) -> dict[str, Recording]:
    """Read ``frames.csv`` of the clips that have one."""
    found = {}
    for clip in clips:
        path = folder / clip / "frames.csv"
        if path.is_file():
            frames = pd.read_csv(path)
            found[clip] = Recording(frames, noise(frames))
    return found


def print_figures(
    truth: dict[str, ClipTruth], intervals: pd.DataFrame, other: pd.DataFrame | None = None
) -> None:
    """Print totals at each IoU, with intervals over persons, and the difference to ``other``."""
    for iou in IOUS:
        judged = judge_all(truth, intervals, iou)
        print(f"\nIoU {iou:g}, {len({one.person for one in truth.values()})} persons")
        for name, value in totals(judged).items():
            text = str(value) if isinstance(value, int) else f"{value:.3f}"
            if name in ("f1", "typed_f1"):
                band = person_interval(judged, typed=name == "typed_f1")
                text += f"  [{band.low:.3f}, {band.high:.3f}] 95 %, persons drawn"
            print(f"  {name:18s}{text}")
        for typed in (False, True) if other is not None else ():
            band = person_difference(judged, judge_all(truth, other, iou), typed)
            name = "typed F1" if typed else "F1"
            print(f"  {name} {band.value:+.3f}  [{band.low:+.3f}, {band.high:+.3f}] against")


def print_reliability(judged: Sequence[Judged], recordings: dict[str, Recording]) -> None:
    """Print scores against shares of hits: all clips, then the calmer and the noisier half."""
    print("\nscore against share of hits (left alone aside)")
    groups = {"all clips": list(judged)}
    known = [one for one in judged if one.truth.clip in recordings]
    if known:
        levels = np.array([recordings[one.truth.clip].noise for one in known])
        middle = np.nanmedian(levels)
        for name, chosen in (("at most", levels <= middle), ("above", levels > middle)):
            own = [one for one, yes in zip(known, chosen, strict=True) if yes]
            groups[f"noise {name} {middle:.4f} IOD, {len(own)} clips"] = own
    for name, own in groups.items():
        print(name)
        print(reliability(own).to_string(index=False, float_format="%.3f"))


def main() -> None:
    """Run, score and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="clips, clips.csv and annotations.csv")
    parser.add_argument("--out", type=Path, help="folder of results, resumed when it is there")
    parser.add_argument("--intervals", type=Path, help="score this file, run nothing")
    parser.add_argument("--against", type=Path, help="intervals.csv to compare the F1 with")
    parser.add_argument("--params", type=Path, help="settings; default: those that mespot ships")
    parser.add_argument("--clips", help="only these, separated by commas")
    parser.add_argument("--fresh", action="store_true", help="spot again in clips that are done")
    parser.add_argument("--table", type=Path, help="CSV of the figures per clip at IoU 0.5")
    parser.add_argument("--errors", type=Path, help="CSV of every miss and false alarm")
    parser.add_argument("--sheets", type=Path, help="folder for a picture per clip")
    arguments = parser.parse_args()
    if not arguments.out and not arguments.intervals:
        parser.error("--out or --intervals is needed")
    truth = read_truth(arguments.folder)
    if arguments.clips:
        wanted = arguments.clips.split(",")
        unknown = [clip for clip in wanted if clip not in truth]
        if unknown:
            parser.error(f"--clips: no annotated clip {unknown[0]}")
        truth = {clip: truth[clip] for clip in wanted}
    if arguments.intervals:
        intervals, results = read_intervals(arguments.intervals), arguments.intervals.parent
    else:
        results = arguments.out
        files = pd.read_csv(arguments.folder / "clips.csv", dtype=str).set_index("clip")["file"]
        clips = {clip: arguments.folder / files[clip] for clip in truth}
        intervals = run_clips(clips, results, load_params(arguments.params), arguments.fresh)
    recordings = read_recordings(results, list(truth))
    judged = judge_all(truth, intervals)
    table = clip_table(judged)
    print(table.drop(columns="person").to_string(index=False, float_format="%.2f"))
    print_figures(truth, intervals, arguments.against and read_intervals(arguments.against))
    errors = pd.concat([errors_of(one, recordings.get(one.truth.clip)) for one in judged])
    print("\nerrors by first cause at IoU 0.5; any: how often it applies at all")
    print(cause_table(errors).to_string(index=False, float_format="%.2f"))
    print("\nedges on missed events")
    print(edge_table(errors).to_string(index=False))
    print_reliability(judged, recordings)
    if arguments.table:
        write_csv(arguments.table, table)
    if arguments.errors:
        write_csv(arguments.errors, errors)
    if arguments.sheets:
        from real_sheets import draw_sheet  # matplotlib: not before it draws

        for one, f1 in zip(judged, table["f1"], strict=True):
            known = recordings.get(one.truth.clip)
            path = arguments.sheets / f"{one.truth.clip}.png"
            draw_sheet(path, one, known and known.frames, f1)


if __name__ == "__main__":
    main()
