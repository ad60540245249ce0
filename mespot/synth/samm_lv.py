"""The embedded data set in the layout of SAMM Long Videos: 200 fps, grey, 1-based numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mespot.synth.layout import Layout, VideoPlan, draw_identity, draw_script, video_rng
from mespot.synth.render import frame_count
from mespot.synth.script import script_events
from mespot.synth.workbook import write_workbook

if TYPE_CHECKING:
    from mespot.params.synth import SynthSet

FPS = 200.0
WORKBOOK = "SAMM_LongVideos_V3_Release.xlsx"
SHEET = "FACS_Movement_Only"
_DATASET = 1
_FIRST_SUBJECT = 6
_PREAMBLE = (
    "Embedded data in the layout of the SAMM Long Videos workbook, version 3",
    "Movements of a rendered face; no real person was recorded",
    "Frames are counted from 1; onset and offset belong to the movement",
    "Subject: three digits",
    "Filename: subject, inducement code, number of the movement",
    "Duration: offset - onset + 1, in frames of 5 ms",
    "Type: Macro, or Micro - 1/2 for at most half a second",
    "Action Units: FACS",
    None,
)
_HEADER = (
    "Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type",
    "Action Units", "Notes",
)  # fmt: skip


def plan(size: SynthSet, difficulty: str, seed: int) -> list[VideoPlan]:
    """Plan the videos; see ``mespot.synth.layout.Layout``."""
    videos = []
    for person in range(size.subjects):
        identity = draw_identity(seed, _DATASET, person)
        subject = f"{_FIRST_SUBJECT + person:03d}"
        codes = video_rng(seed, _DATASET, person, 99).permutation(7)[: size.videos] + 1
        for index, code in enumerate(sorted(int(code) for code in codes)):
            rng = video_rng(seed, _DATASET, person, index)
            script = draw_script(rng, size, difficulty, (0.1, 0.2), (0.1, 0.1))
            video = f"{subject}_{code}"
            numbers = range(1, frame_count(script, FPS) + 1)
            videos.append(
                VideoPlan(
                    subject=subject,
                    video=video,
                    folder=f"SAMM_longvideos/{video}",
                    names=tuple(f"{video}_{number:04d}.jpg" for number in numbers),
                    numbers=tuple(numbers),
                    fps=FPS,
                    grey=True,
                    identity=identity,
                    script=script,
                    noise_seed=int(rng.integers(2**31)),
                )
            )
    return videos


def write_sheets(videos: list[VideoPlan], root: Path) -> list[Path]:
    """Write the workbook; see ``mespot.synth.layout.Layout``."""
    rows: list[tuple] = [(line,) for line in _PREAMBLE]
    rows.append(_HEADER)
    for video in videos:
        events = script_events(video.script, video.fps)
        code = int(video.video.rsplit("_", 1)[1])
        for number, event in enumerate(events.itertuples(), start=1):
            onset, apex, offset = (
                video.numbers[0] + int(frame) for frame in (event.onset, event.apex, event.offset)
            )
            kind = "Macro" if event.type == "mae" else "Micro - 1/2"
            rows.append(
                (video.subject, f"{video.video}_{number}", code, onset, apex, offset,
                 offset - onset + 1, kind, event.units, None)
            )  # fmt: skip
    path = root / WORKBOOK
    write_workbook(path, SHEET, rows)
    return [path]


LAYOUT = Layout(plan, write_sheets)
