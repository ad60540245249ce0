"""Where the aligned picture jumps: at a cut of the video, or because the face was found anew.

Crops follow the head, so from one to the next the face hardly moves in them. Where the alignment
itself is at fault, what flow sees is what the alignment did: the regions move as the transforms
from frame to crop do. A cut is a jump many times larger than everything near it that the transforms
do not explain; as they are smoothed over time, they bend just before and just after it.
"""

from __future__ import annotations

import numpy as np

from mespot.crops.track import FaceTrack
from mespot.flow.pooling import RegionFlow
from mespot.flow.regions import ANCHORS, EXPRESSIVE

_LEAST = 0.05  # IOD, mean over all regions from one crop to the next
_TIMES = 4.0  # jump over what moves just before and just after it
_CUT, _CUT_TIMES = 0.1, 12.0  # the same for cuts
_CUT_HEAD = 0.1  # IOD by which the head jumps at a cut
_LIKE = 0.3  # cosine between what regions did and what the alignment did
_REACH, _NEAR = 0.1, 0.3  # s around a jump that it spoils, and in which others are compared


def jumps(
    pooled: RegionFlow, track: FaceTrack, usable: np.ndarray, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find the frames that a jump spoils.

    Args:
        pooled: raw measurements of N crops.
        track: their alignment.
        usable: (N,) bool, crops that were measured.
        step: sampling period, s.

    Returns:
        frames around a cut of the video, and around a face that was found anew; (N,) bool each.
    """
    count = len(usable)
    cut, realigned = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    moves = np.diff(pooled.displacement, axis=0)  # (N - 1, P, 2)
    size = np.linalg.norm(moves, axis=2).mean(axis=1)
    size[~(usable[1:] & usable[:-1])] = 0.0
    reach, near = max(1, round(_REACH / step)), max(3, round(_NEAR / step))
    anew = np.isin(np.arange(1, count), track.key)
    for at in np.flatnonzero(size > _LEAST):
        around = np.concatenate(
            [size[max(0, at - near) : max(0, at - 2)], size[at + 3 : at + near]]
        )
        times = size[at] / max(float(np.median(around)) if len(around) else 0.0, 1e-6)
        spoilt = slice(max(0, at + 1 - reach), at + 1 + reach)
        did, like = _alignment(track, at, moves[at])
        if size[at] > _CUT and times > _CUT_TIMES and did > _CUT_HEAD and like < 0.0:
            cut[spoilt] = True
        elif anew[at] and times > _TIMES and like > _LIKE:
            realigned[spoilt] = True
    return cut, realigned & ~cut


def _alignment(track: FaceTrack, at: int, moves: np.ndarray) -> tuple[float, float]:
    """How far (IOD) the alignment moved the face after crop ``at``, and how like ``moves``."""
    before, after = (np.vstack([track.matrix[i], (0.0, 0.0, 1.0)]) for i in (at, at + 1))
    relative = (after @ np.linalg.inv(before))[:2]
    points = np.column_stack([_centres(track), np.ones(len(moves))])  # (P, 3) crop px
    shift = (points @ relative.T - points[:, :2]) / track.iod
    norm = float(np.linalg.norm(shift) * np.linalg.norm(moves))
    did = float(np.linalg.norm(shift, axis=1).mean())
    return did, float((shift * moves).sum()) / norm if norm > 0.0 else 0.0


def _centres(track: FaceTrack) -> np.ndarray:
    landmarks = np.asarray(track.landmarks, dtype=np.float64)
    return np.array(
        [
            landmarks[list(region.points)].mean(axis=0) + track.iod * np.array(region.offset)
            for region in EXPRESSIVE + ANCHORS
        ]
    )
