"""The check of one data set: everything that can be known before a long run, nothing written."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.project import Project
from mespot.datasets.adapter import ADAPTERS, Adapter, adapter
from mespot.datasets.published import Published
from mespot.params import Params
from mespot.preflight.census import Census, take_census
from mespot.preflight.cost import Cost, estimate
from mespot.preflight.counts import (
    Completeness,
    Count,
    completeness,
    counts_of,
    missing_videos,
)
from mespot.preflight.finding import ERROR, NOTE, OK, WARNING, Finding
from mespot.preflight.formats import review_ends, review_formats
from mespot.preflight.frames import Ends, read_ends
from mespot.preflight.labels import label_statistics
from mespot.preflight.locate import Place, misplacement, place_of
from mespot.preflight.review import (
    first_numbers,
    gaps_of,
    review_faults,
    review_labels,
    review_missing,
    review_numbers,
    review_rows,
    review_sheets,
    review_surplus,
)
from mespot.preflight.wording import write_cost, write_difference


@dataclass(frozen=True)
class DatasetCheck:
    """Everything that the check of one data set found.

    Attributes:
        dataset: its name.
        place: where it lies; ``None`` when the embedded data are not rendered.
        published: what its owners say.
        counts: found against published.
        findings: in the order in which they are shown.
        figures: further numbers and full lists for scripts: missing, surplus, gaps, ...
    """

    dataset: str
    place: Place | None
    published: Published | None = None
    counts: list[Count] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether the pipeline can run on it."""
        return all(finding.ok for finding in self.findings)

    @property
    def verdict(self) -> str:
        """One line: usable or not, and why."""
        errors = [finding for finding in self.findings if finding.level == ERROR]
        warnings = sum(finding.level == WARNING for finding in self.findings)
        if errors:
            names = ", ".join(dict.fromkeys(finding.name for finding in errors))
            return f"{self.dataset} is not usable as it is: see {names}"
        if warnings:
            return f"{self.dataset} is usable, with {warnings} warning" + "s" * (warnings > 1)
        return f"{self.dataset} is usable"

    def plain(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        place = self.place
        return {
            "dataset": self.dataset,
            "usable": self.usable,
            "verdict": self.verdict,
            "root": str(place.root) if place else None,
            "origin": place.origin if place else "embedded",
            "source": self.published.source if self.published else None,
            "counts": {
                count.name: {"found": count.found, "published": count.published}
                for count in self.counts
            },
            "findings": [asdict(finding) for finding in self.findings],
            **self.figures,
        }


def check_dataset(
    dataset: str,
    project: Project,
    params: Params,
    root: Path | None = None,
    frames: bool = True,
) -> DatasetCheck:
    """Check one data set; what is wrong with it becomes findings.

    Args:
        dataset: a name that ``mespot.datasets.adapter`` knows, or that of a folder of the user's
            own.
        project: where params and artifacts lie.
        params: of the project.
        root: folder with one folder per data set; ``None`` takes ``data.root`` of the params.
        frames: open the first and last frame of each video.

    Raises:
        MespotError: a name that is neither known nor a folder below the root.
    """
    if Path(dataset).name != dataset or dataset in ("", ".", ".."):
        raise MespotError(
            f"data set {dataset!r}: found a path, expected a name; --root names the folder above it"
        )
    if dataset not in ADAPTERS and dataset.lower() in ADAPTERS:
        raise MespotError(f"data set {dataset!r}: expected the name {dataset.lower()}")
    try:
        place = place_of(dataset, project, params, root)
    except MespotError as error:
        adapter(dataset)
        return DatasetCheck(dataset, None, findings=[Finding("folder", ERROR, str(error))])
    fault = misplacement(place)
    if fault is not None:
        if place.root.is_dir() and dataset not in ADAPTERS:
            adapter(dataset, place.folder)
        return DatasetCheck(dataset, place, findings=[Finding("folder", ERROR, fault)])
    try:
        tool = adapter(dataset, place.folder)
    except MespotError as error:
        return DatasetCheck(dataset, place, findings=[Finding("folder", ERROR, str(error))])
    return _check(place, tool, project, params, frames)


def _check(
    place: Place, tool: Adapter, project: Project, params: Params, frames: bool
) -> DatasetCheck:
    census = take_census(tool, place.folder, params.data)
    counts = counts_of(census, tool.published)
    # the embedded data imitate a published set and hold a few of its videos
    named = None if place.origin == "embedded" else tool.published
    missing = missing_videos(census, named)
    whole = completeness(census, missing)
    statistics = label_statistics(census.events)
    ends = read_ends(census.videos) if frames else None
    cost = None
    if census.videos:
        cost = estimate(census.videos, params, project.root, census.seconds, _typical(ends))
    findings = [
        _where(place),
        *review_faults(census),
        *review_sheets(place.dataset, census),
        *write_difference(counts, place.origin),
        *review_missing(census, missing, whole, params.data.allow_missing),
        *review_surplus(census, named),
        *review_rows(census, params.data),
        *review_numbers(census),
        *review_formats(census.videos, ends),
        *(review_ends(census.videos, ends) if ends is not None else []),
        *review_labels(statistics),
        *(write_cost(cost) if cost is not None else []),
    ]
    figures = _figures(census, missing, whole, statistics, ends, cost)
    return DatasetCheck(place.dataset, place, tool.published, counts, findings, figures)


def _where(place: Place) -> Finding:
    if place.origin == "embedded":
        return Finding("folder", NOTE, f"{place.folder} (embedded data, data.root is empty)")
    return Finding("folder", OK, f"{place.folder} ({place.origin})")


def _typical(ends: list[Ends] | None) -> float | None:
    """Median number of frames that the opened files announce."""
    announced = [end.frames for end in ends or [] if end.frames]
    return float(np.median(announced)) if announced else None


def _figures(
    census: Census,
    missing: dict[str, int],
    whole: Completeness,
    statistics: dict[str, Any],
    ends: list[Ends] | None,
    cost: Cost | None,
) -> dict[str, Any]:
    return {
        "missing": missing,
        "surplus": [{"path": path, "why": why} for path, why in census.surplus],
        "subjects": asdict(whole),
        "gaps": gaps_of(census),
        "first_numbers": {str(number): count for number, count in first_numbers(census).items()},
        "repairs": census.rules,
        "dropped": census.dropped,
        "faults": census.faults + census.empty,
        "broken_frames": None if ends is None else [text for end in ends for text in end.faults],
        "labels": statistics if census.annotated else None,
        "cost": None if cost is None else asdict(cost),
    }
