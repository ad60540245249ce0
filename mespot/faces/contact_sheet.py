"""Contact sheet: a few crops of every video with the landmarks, for a look by eye."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from mespot.core.files import atomic_path
from mespot.crops.archive import CropReader
from mespot.crops.track import FaceTrack

_COLUMNS = 6  # crops per video
_MAX_VIDEOS = 40  # the worst ones; a longer picture is not looked at
_CELL = 144  # px
_TITLE = 22  # px
_INK = (30, 30, 30)
_POINT = (60, 200, 60)
_FAILED = (200, 60, 60)


def write_contact_sheet(
    path: str | os.PathLike[str], summary: pd.DataFrame, folder: str | os.PathLike[str]
) -> None:
    """Draw the crops of the videos, the least certain video first.

    Args:
        path: the png.
        summary: rows of ``faces.csv``.
        folder: where ``<video>.zip`` and ``<video>.npz`` lie.
    """
    order = summary.sort_values(["face_share", "confidence_mean", "video"], kind="stable")
    shown = order.head(_MAX_VIDEOS)
    title = f"{len(summary)} videos, least certain first, {len(shown)} shown; red frame: no face"
    strips = [_text(title)]
    for row in shown.itertuples():
        strips.append(
            _text(
                f"{row.video}: face in {row.face_share:.1%}, confidence {row.confidence_mean:.2f}, "
                f"IOD {row.iod_px:.0f} px, residual {row.residual:.2f} px"
            )
        )
        strips.append(_row(Path(folder), str(row.video)))
    picture = cv2.cvtColor(np.concatenate(strips), cv2.COLOR_RGB2BGR)
    with atomic_path(path) as temporary:
        cv2.imwrite(str(temporary), picture)


def _row(folder: Path, video: str) -> np.ndarray:
    reader = CropReader(folder / f"{video}.zip")
    track = FaceTrack.load(folder / f"{video}.npz")
    cells = []
    for index in np.linspace(0, len(reader) - 1, _COLUMNS).round().astype(int):
        cell = cv2.resize(reader.read(int(index)), (_CELL, _CELL), interpolation=cv2.INTER_AREA)
        for x, y in (track.landmarks + 0.5) * (_CELL / track.size) - 0.5:
            centre = (round(float(x) * 16), round(float(y) * 16))
            cv2.circle(cell, centre, 16, _POINT, cv2.FILLED, cv2.LINE_AA, shift=4)
        if not track.success[index]:
            cv2.rectangle(cell, (0, 0), (_CELL - 1, _CELL - 1), _FAILED, 5)
        cells.append(cell)
    reader.close()
    return np.concatenate(cells, axis=1)


def _text(line: str) -> np.ndarray:
    strip = np.full((_TITLE, _COLUMNS * _CELL, 3), 245, np.uint8)
    place = (6, _TITLE - 7)
    cv2.putText(strip, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
    return strip
