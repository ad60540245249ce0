"""Tiny copies of the official layouts: empty-looking frames, real column names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import simplejpeg
import xlwt

from mespot.datasets import frame_folder
from mespot.datasets.casme2_layout import FILMS
from mespot.datasets.raw import RawVideo

SAMM_HEADER = ["Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration",
               "Type", "Action Units", "Notes"]  # fmt: skip
CASME3_HEADER = ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class",
                 "emotion"]  # fmt: skip
ME_SHEET = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
MAE_SHEET = "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx"
SINGLE_SHEET = "CAS(ME)3_part_A_v2.xls"
CASME2_WORKBOOK = "CAS(ME)^2code_final.xlsx"
CASME2_EVENT_NAMES = dict(
    zip(
        FILMS,
        ("disgust1", "disgust2", "anger1", "anger2", "happy1", "happy2", "happy3", "happy4",
         "happy5"),
        strict=True,
    )
)  # fmt: skip
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


def write_xls(path: Path, sheets: dict[str, list[list]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlwt.Workbook()
    for title, rows in sheets.items():
        page = book.add_sheet(title)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    page.write(number, column, value)
    book.save(str(path))


def casme2_sheets(rows: list[list], subjects: list[int], number_codes: bool = True) -> dict:
    """``rows``: [subject, code, onset, apex, offset, type]; the three sheets without headers."""
    participants = {subject: place for place, subject in enumerate(subjects, start=1)}
    content = []
    for place, (subject, code, onset, apex, offset, kind) in enumerate(rows, start=1):
        name = f"{CASME2_EVENT_NAMES[code]}_{place}"
        content.append([participants[subject], name, onset, apex, offset, "4", "negative", kind,
                        "anger"])  # fmt: skip
    naming = [[subject, f"s{subject}", place] for subject, place in participants.items()]
    codes = [[int(code) if number_codes else code, name]
             for code, name in CASME2_EVENT_NAMES.items()]  # fmt: skip
    return {"CASFEcode_final": content, "naming rule1": naming * 2, "naming rule2": codes}


def write_sheets(path: Path, sheets: dict[str, list[list]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(path)


def casme2(root: Path, rows: list[list], videos: dict[str, int], layout: str = "rawpic",
           frame: str = "img{}.jpg") -> Path:  # fmt: skip
    """``videos``: path below the layout such as ``s15/15_0101disgustingteeth`` -> frames."""
    folder = root / "casme2"
    for video, count in videos.items():
        names = [frame.format(number) for number in range(1, count + 1)]
        write_frames(folder / layout / video, names, COLOUR)
    subjects = sorted({row[0] for row in rows} | {15})
    write_sheets(folder / CASME2_WORKBOOK, casme2_sheets(rows, subjects))
    return folder


def fake_frames(monkeypatch, numbers: dict[str, np.ndarray]) -> None:
    """Let folders hold frames of these numbers (by video name) without any file."""

    def folder_video(subject: str, video: str, folder: Path, fps: float) -> RawVideo:
        return RawVideo(subject, video, folder, "folder", fps, numbers[video], False)

    monkeypatch.setattr(frame_folder, "folder_video", folder_video)
