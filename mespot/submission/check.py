"""Checking a submission file before it is sent: what is wrong, what is odd, what is in it.

Three levels. An error is something that the challenge cannot read or a video or frame that it does
not have. A warning is something that is allowed and hardly meant. A note says what a reader may
want to know: the challenges allow overlapping and unsorted rows, and published entries hold both.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError
from mespot.core.events import TYPES
from mespot.datasets.megc import FPS, part_of
from mespot.submission.edition import EDITIONS, HEADER_OF, LENGTHS, guess_edition, names_of
from mespot.submission.format import HEADERS, Fault, scan_submission
from mespot.tables.numbers import Numbering

ME_SECONDS = 0.5  # published entries call longer intervals mae: (offset - onset) / fps > 0.5
_PARTS = {"samm": "SAMM", "cas": "CAS"}
_NAMED = 6  # videos without prediction that are named
_LATE_SHARE, _LATE_ROWS, _LATE_VIDEOS = 0.2, 10, 3  # share of the length; rows and videos needed


@dataclass
class Report:
    """What the check of one file found.

    Attributes:
        path: the file.
        errors: each makes the file unfit to be sent.
        warnings: allowed, but hardly meant.
        notes: neither.
        facts: (name, text) lines of the summary.
    """

    path: Path
    errors: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors


def check_submission(
    path: str | os.PathLike[str],
    edition: str | None = None,
    videos: pd.DataFrame | None = None,
) -> Report:
    """Check a submission file.

    Args:
        path: the file.
        edition: ``megc2022`` or ``megc2023`` (the same set until 2025); without it, and without
            ``videos``, the edition that knows most of the file's videos.
        videos: rows of videos.csv with ``video``, ``fps``, ``frames``, ``first``, ``gaps``; then
            every frame number is compared with those that exist on disk.

    Raises:
        MespotError: the file cannot be opened, or the edition is unknown.
    """
    known = names_of(edition) if edition is not None else ()
    scan = scan_submission(path)
    report = Report(Path(path), errors=list(scan.faults))
    rows = scan.rows
    if scan.header is None:
        return report
    if edition is None:
        edition = guess_edition(rows["vid"].unique(), scan.header)
        # an index of another data set, where a few names happen to be the same
        if edition is not None and videos is not None:
            edition = edition if set(videos["video"]) & set(names_of(edition)) else None
        known = names_of(edition) if edition is not None else ()
    _check_header(report, scan.header, scan.marked, edition)
    if not scan.faults and rows.empty:
        report.notes.append(Fault(None, "the file holds no prediction, which is allowed"))
    _check_names(report, rows, known, edition, videos)
    if edition is not None:
        _check_part(report, rows, known)
    _check_range(report, rows, edition, videos)
    _check_repeats(report, rows)
    _describe(report, rows, _rates(rows, videos))
    for faults in (report.errors, report.warnings):
        faults.sort(key=lambda fault: fault.row or 0)
    return report


def _check_header(report: Report, header: int, marked: bool, edition: str | None) -> None:
    name = "MEGC 2022" if header == 2022 else "MEGC 2023 to 2025"
    report.facts.append(("header", f"{','.join(HEADERS[header])} ({name})"))
    if edition is not None and HEADER_OF[edition] != header:
        report.notes.append(
            Fault(None, f"the header is that of {name}, the videos those of {EDITIONS[edition]}")
        )
    if marked:
        report.warnings.append(
            Fault(1, "the file begins with a byte order mark, which plain readers take for text")
        )


def _check_names(
    report: Report,
    rows: pd.DataFrame,
    known: tuple[str, ...],
    edition: str | None,
    videos: pd.DataFrame | None,
) -> None:
    named = set(known) | (set(videos["video"]) if videos is not None else set())
    where = "the index" if edition is None else EDITIONS[edition]
    first = rows.drop_duplicates("vid")
    counts = rows["vid"].value_counts()
    for row in first[~first["vid"].isin(named)].itertuples():
        more = f" (and {counts[row.vid] - 1} more rows)" if counts[row.vid] > 1 else ""
        if named:
            expected = f"a video of {where}, such as {sorted(named)[0]}"
        else:
            expected = "a test video of MEGC (other data sets need --index)"
        report.errors.append(Fault(row.row, f"vid: found {row.vid!r}, expected {expected}{more}"))
    if videos is not None:
        unlisted = first[first["vid"].isin(known) & ~first["vid"].isin(videos["video"])]
        for row in unlisted.itertuples():
            text = f"vid: {row.vid} is not in the index, its frame numbers were not compared"
            report.warnings.append(Fault(row.row, text))


def _check_part(report: Report, rows: pd.DataFrame, known: tuple[str, ...]) -> None:
    rows = rows[rows["vid"].isin(known)]
    parts = rows["vid"].map(part_of)
    stem = report.path.stem
    expected = next((part for part in _PARTS if stem.endswith(f"{part}_pred")), None)
    if expected is None and len(parts):
        expected = parts.value_counts(sort=True).index[0]
    for row in rows[parts != expected].drop_duplicates("vid").itertuples():
        text = (
            f"vid: {row.vid} belongs to the {_PARTS[part_of(row.vid)]} part, "
            f"expected videos of the {_PARTS[expected]} part"
        )
        report.errors.append(Fault(row.row, text))
    if expected is None:
        return
    wanted = [name for name in known if part_of(name) == expected]
    absent = [name for name in wanted if name not in set(rows["vid"])]
    text = f"{len(wanted) - len(absent)} of {len(wanted)} of the {_PARTS[expected]} part"
    if absent:
        text += f", without prediction: {' '.join(absent[:_NAMED])}"
        text += f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
    report.facts.append(("videos", text))


def _check_range(
    report: Report, rows: pd.DataFrame, edition: str | None, videos: pd.DataFrame | None
) -> None:
    disk = {} if videos is None else {row.video: row for row in videos.itertuples()}
    for row in rows[(rows["onset"] == 0) & ~rows["vid"].isin(disk)].itertuples():
        text = "found onset 0; official numbers begin at 1 or later, numbers of mespot at 0"
        report.warnings.append(Fault(row.row, text))
    compared = 0
    for vid, group in rows.groupby("vid", sort=False):
        video = disk.get(vid)
        if video is None or not video.frames:
            longest = LENGTHS.get(edition or "", {}).get(vid)
            if longest is not None:
                _beyond(report, group, f"the {longest} frames that are known of {vid}", longest)
            continue
        compared += len(group)
        numbering = Numbering.parse(int(video.first), str(video.gaps))
        last = int(numbering.to_number(int(video.frames) - 1))
        for row in group.itertuples():
            for name, number in (("onset", row.onset), ("offset", row.offset)):
                found = f"{name}: found {number}, expected a frame of {vid}"
                if not numbering.first <= number <= last:
                    text = f"{found}, {numbering.first} to {last}"
                    report.errors.append(Fault(row.row, text))
                elif not numbering.exists(number):
                    text = f"{found}; that number is missing on disk (gaps {numbering.text})"
                    report.warnings.append(Fault(row.row, text))
    if videos is not None:
        report.facts.append(("range", f"{compared} of {len(rows)} rows compared with the index"))
    elif len(rows):
        report.facts.append(("range", "not compared with the disk (--index VIDEOS.CSV does)"))
    _check_reach(report, rows, edition)


def _beyond(report: Report, group: pd.DataFrame, limit: str, longest: int) -> None:
    for row in group[group["offset"] > longest].itertuples():
        text = f"offset: found {row.offset}, expected a number within {limit}"
        report.warnings.append(Fault(row.row, text))


def _check_reach(report: Report, rows: pd.DataFrame, edition: str | None) -> None:
    """Intervals that all lie at the very beginning were counted at a reduced rate."""
    lengths = LENGTHS.get(edition or "", {})
    rows = rows[rows["vid"].isin(lengths)]
    if len(rows) < _LATE_ROWS or rows["vid"].nunique() < _LATE_VIDEOS:
        return
    share = (rows["offset"] / rows["vid"].map(lengths)).max()
    if share < _LATE_SHARE:
        text = (
            f"all intervals end within the first {share:.0%} of their videos: are the frames "
            "those of a reduced rate? The original rate is expected (SAMM 200 fps)"
        )
        report.warnings.append(Fault(None, text))


def _check_repeats(report: Report, rows: pd.DataFrame) -> None:
    columns = ["vid", "onset", "offset", "type"]
    earlier = rows.groupby(columns)["row"].transform("first")
    for row in rows.assign(earlier=earlier)[rows.duplicated(columns)].itertuples():
        text = f"repeats row {row.earlier}; of two equal rows one counts as false"
        report.warnings.append(Fault(row.row, text))
    ordered = rows.sort_values(["vid", "onset", "offset"])
    reach = ordered.groupby("vid")["offset"].cummax().groupby(ordered["vid"]).shift(fill_value=-1)
    overlapping = int((ordered["onset"] <= reach).sum())
    if overlapping:
        text = f"{overlapping} rows overlap one that begins earlier in the video, which is allowed"
        report.notes.append(Fault(None, text))
    # type-wise order, as entries write all of one type after the other, is an order too
    stepped = rows.groupby(["vid", "type"])["onset"].diff() < 0
    if stepped.any():
        text = f"{int(stepped.sum())} rows begin before the row above them, which is allowed"
        report.notes.append(Fault(None, text))


def _rates(rows: pd.DataFrame, videos: pd.DataFrame | None) -> pd.Series:
    """(n,) frames per second of each row; NaN where nothing tells."""
    rates = {} if videos is None else dict(zip(videos["video"], videos["fps"], strict=True))
    for vid in rows["vid"].unique():
        if vid not in rates:
            try:
                rates[vid] = FPS[part_of(vid)]
            except MespotError:
                rates[vid] = np.nan
    return rows["vid"].map(rates).astype(float)


def _describe(report: Report, rows: pd.DataFrame, rates: pd.Series) -> None:
    report.facts.append(("rows", str(len(rows))))
    seconds = (rows["offset"] - rows["onset"] + 1) / rates
    for kind in TYPES:
        lengths = seconds[(rows["type"] == kind) & rates.notna()]
        text = str(int((rows["type"] == kind).sum()))
        if len(lengths):
            text += f", lasting {lengths.min():.2f} to {lengths.max():.2f} s"
            text += f" (median {lengths.median():.2f} s)"
        report.facts.append((kind, text))
    long = (rows["offset"] - rows["onset"]) / rates > ME_SECONDS
    unlike = int(((long != (rows["type"] == "mae")) & rates.notna()).sum())
    if len(rows):
        text = f"{unlike} of {len(rows)} rows are not named by length (mae = longer than 0.5 s)"
        report.facts.append(("types", text))
