"""The lists of one training: what they share, and whether their clips can be read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mespot.classification.clip_source import ClipSource
from mespot.core.errors import MespotError
from mespot.core.progress import track
from mespot.tables.clip_list import Clip, ClipList, read_clip_lists
from mespot.training.engine.loader import Loading, loaded

if TYPE_CHECKING:
    from mespot.params.classify import ClassifyParams

log = logging.getLogger(__name__)
_AT_ONCE = 32
_SHOWN = 20  # lines


class Lists(NamedTuple):
    """Lists by their use; they share their classes.

    ``tuned`` tells that test clips are among those that choose the step, as in the published
    DFEW lists: figures of the test are then those of an oracle.
    """

    train: ClipList
    validation: ClipList | None
    test: ClipList | None
    tuned: bool


def open_lists(
    train: Path, validation: Path | None, test: Path | None, root: Path, keep: str
) -> Lists:
    """Read the lists of a training.

    Args:
        train: training list.
        validation: list that chooses the step.
        test: list that is scored at the end.
        root: folder that their paths are relative to.
        keep: ``best`` or ``last``; only ``best`` chooses.

    Raises:
        MespotError: ``best`` without a validation list, a faulty list (see ``read_clip_lists``),
            a single class, or a clip of training that also stands in another list.
    """
    if keep == "best" and validation is None:
        raise MespotError("classify.keep: found best without a validation list, expected --val")
    given = [path for path in (train, validation, test) if path is not None]
    found = dict(zip(given, read_clip_lists(given, root), strict=True))
    lists = found[train]
    if lists.classes < 2:
        raise MespotError(f"{train}: found 1 class, expected at least 2")
    known = {clip.path: clip for clip in lists.clips}
    for path in given[1:]:
        shared = [clip for clip in found[path].clips if clip.path in known]
        if shared:
            raise MespotError(
                f"{path}: line {shared[0].line}: found {shared[0].path}, which also stands in "
                f"{train}, line {known[shared[0].path].line}; expected none ({len(shared)} found)"
            )
    absent = sorted(set(range(lists.classes)) - {clip.label for clip in lists.clips})
    if absent:
        log.warning("%s: found no clip of label %s, it cannot be learnt", train, absent[0])
    tuned = False
    if validation is not None and test is not None:
        both = {clip.path for clip in found[validation].clips}
        count = sum(clip.path in both for clip in found[test].clips)
        tuned = keep == "best" and count > 0
        if tuned:
            log.warning(
                "%s: %d clips also choose the step (%s), figures of the test are optimistic; "
                "keep: last or other validation clips give honest ones",
                test,
                count,
                validation,
            )
    return Lists(
        lists,
        None if validation is None else found[validation],
        None if test is None else found[test],
        tuned,
    )


def check_readable(lists: Sequence[ClipList], params: ClassifyParams) -> None:
    """Open every clip and decode its first frame, before a training that may take days.

    Args:
        lists: a clip of several lists is opened once.
        params: workers, ahead and limit of section ``classify``.

    Raises:
        MespotError: with the number of clips that cannot be read, and the first; the log has the
            others.
    """
    clips = list({clip.path: clip for one in lists for clip in one.clips}.values())
    parts = [tuple(clips[start : start + _AT_ONCE]) for start in range(0, len(clips), _AT_ONCE)]
    loading = Loading(params.workers, params.ahead, False)
    opened = loaded(_Opener(params.limit), parts, loading)
    faults = [fault for part in track(opened, "opening clips", len(parts)) for fault in part]
    if not faults:
        return
    for fault in faults[1:_SHOWN]:
        log.warning("%s", fault)
    more = f"; {len(faults)} of {len(clips)} clips cannot be read" if len(faults) > 1 else ""
    raise MespotError(f"{faults[0]}{more}")


class _Opener:
    def __init__(self, limit: float):
        self._source = ClipSource(limit)

    def __call__(self, clips: tuple[Clip, ...]) -> list[str]:
        faults = []
        for clip in clips:
            try:
                self._source.read(clip, lambda frames: np.zeros(1, np.int64))
            except MespotError as error:
                faults.append(str(error))
        return faults
