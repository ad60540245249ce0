"""The embedded data set in the layout of CAS(ME)^3 part A: 30 fps, colour, raw jpg numbers.

As in the official data the numbering starts at 1, 5 or 7, and some videos lack a few frames.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mespot.synth.layout import Layout, VideoPlan, draw_identity, draw_script, video_rng
from mespot.synth.render import frame_count
from mespot.synth.script import Script, script_events
from mespot.synth.workbook import write_workbook

if TYPE_CHECKING:
    from mespot.params.synth import SynthSet

FPS = 30.0
SHEETS = {
    "me": "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    "mae": "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx",
}
_DATASET = 3
_FIRST_NUMBERS = (1, 5, 7)
_HEADER = (
    "Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion",
)  # fmt: skip
_OBJECTIVE_CLASS = {
    "happy": "I",
    "surprise": "II",
    "anger": "III",
    "disgust": "IV",
    "sad": "V",
    "fear": "VI",
    "others": "VII",
}


def plan(size: SynthSet, difficulty: str, seed: int) -> list[VideoPlan]:
    """Plan the videos; see ``mespot.synth.layout.Layout``."""
    videos = []
    for person in range(size.subjects):
        identity = draw_identity(seed, _DATASET, person)
        subject = f"spNO.{person + 1}"
        for index in range(size.videos):
            letter = "abcdefghijklm"[index]
            rng = video_rng(seed, _DATASET, person, index)
            script = draw_script(rng, size, difficulty, (0.067, 0.1), (0.067, 0.1))
            numbers = _draw_numbers(rng, script)
            videos.append(
                VideoPlan(
                    subject=subject,
                    video=f"{subject}_{letter}",
                    folder=f"part_A/data/part_A/{subject}/{letter}/color",
                    names=tuple(f"{number}.jpg" for number in numbers),
                    numbers=numbers,
                    fps=FPS,
                    grey=False,
                    identity=identity,
                    script=script,
                    noise_seed=int(rng.integers(2**31)),
                )
            )
    return videos


def write_sheets(videos: list[VideoPlan], root: Path) -> list[Path]:
    """Write both label sheets; see ``mespot.synth.layout.Layout``."""
    paths = []
    for kind, name in SHEETS.items():
        rows: list[tuple] = [_HEADER]
        for video in videos:
            events = script_events(video.script, video.fps)
            for event in events[events["type"] == kind].itertuples():
                frames = (
                    video.numbers[0] + int(frame)
                    for frame in (event.onset, event.apex, event.offset)
                )
                rows.append(
                    (video.subject, video.video.rsplit("_", 1)[1], *frames, event.units,
                     _OBJECTIVE_CLASS[event.emotion], event.emotion)
                )  # fmt: skip
        path = root / "part_A" / "annotation" / name
        write_workbook(path, "label", rows)
        paths.append(path)
    return paths


def _draw_numbers(rng: np.random.Generator, script: Script) -> tuple[int, ...]:
    """Draw the first jpg number and, in every third video, a few dropped neutral frames."""
    frames = np.arange(frame_count(script, FPS))
    dropped, start, length = rng.random() < 1 / 3, rng.integers(1, len(frames)), rng.integers(1, 4)
    keep = np.ones(len(frames), dtype=bool)
    if dropped:
        keep[start : start + length] = False
        keep[-1] = True
        for event in script_events(script, FPS).itertuples():
            keep[event.onset : event.offset + 1] = True
    first = int(rng.choice(_FIRST_NUMBERS))
    return tuple(int(number) for number in frames[keep] + first)


LAYOUT = Layout(plan, write_sheets)
