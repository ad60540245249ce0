"""Tiny copies of the official layouts: empty-looking frames, real column names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import simplejpeg

SAMM_HEADER = ["Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration",
               "Type", "Action Units", "Notes"]  # fmt: skip
CASME3_HEADER = ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class",
                 "emotion"]  # fmt: skip
ME_SHEET = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
MAE_SHEET = "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx"
GREY = simplejpeg.encode_jpeg(
    np.full((8, 8, 1), 90, np.uint8), colorspace="GRAY", colorsubsampling="Gray"
)
COLOUR = simplejpeg.encode_jpeg(np.full((8, 8, 3), 90, np.uint8))


def write_frames(folder: Path, names: list[str], content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(content)


def write_sheet(path: Path, sheet: str, rows: list[list]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    book.save(path)


def samm_lv(root: Path, rows: list[list], videos: dict[str, int], preamble: int = 9) -> None:
    """``rows``: [Filename, Onset, Apex, Offset, Type]; ``videos``: name -> frames."""
    folder = root / "samm_lv"
    for video, count in videos.items():
        names = [f"{video}_{number:04d}.jpg" for number in range(1, count + 1)]
        write_frames(folder / "SAMM_longvideos" / video, names, GREY)
    content = [[f"line {line}"] for line in range(preamble)] + [SAMM_HEADER]
    for name, onset, apex, offset, kind in rows:
        content.append([6, name, 1, onset, apex, offset, None, kind, "4", None])
    path = folder / "SAMM_LongVideos_V3_Release.xlsx"
    write_sheet(path, "FACS_Movement_Only", content)


def casme3(root: Path, me: list[list], mae: list[list], videos: dict[str, list[int]]) -> None:
    """``me``, ``mae``: [Subject, Filename, Onset, Apex, Offset]; ``videos``: clip -> numbers."""
    folder = root / "casme3"
    for video, numbers in videos.items():
        names = [f"{number}.jpg" for number in numbers]
        write_frames(folder / "part_A/data/part_A" / video / "color", names, COLOUR)
        write_frames(folder / "part_A/data/part_A" / video / "depth", ["1.png"], b"")
    for sheet, rows in ((ME_SHEET, me), (MAE_SHEET, mae)):
        content = [CASME3_HEADER] + [[*row, "4", "I", "others"] for row in rows]
        write_sheet(folder / "annotation" / sheet, "label", content)
