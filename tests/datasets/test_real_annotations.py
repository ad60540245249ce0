"""The published annotations as workbooks, through the real adapters, with frames that are faked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mespot.datasets.index import build_index
from mespot.datasets.published import Published
from mespot.params import load_params
from mespot.tables.load import read_events, read_videos
from mespot.tables.numbers import Numbering
from tests.datasets import official

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "annotations"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="shared annotations are absent")
DATA = load_params().data
TEXT = {"subject": str, "Subject": str}
KEYS = ["video", "onset", "offset", "type"]


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(SHARED / name, dtype=TEXT)


def settings(rule: str):
    return DATA.model_copy(
        update={"casme2": DATA.casme2.model_copy(update={"missing_offset": rule})}
    )


def index(dataset: str, root: Path, params=DATA) -> tuple[pd.DataFrame, pd.DataFrame]:
    build_index(dataset, root, root / "out", params)
    return read_videos(root / "out" / "videos.csv"), read_events(root / "out" / "events.csv")


def rules(events: pd.DataFrame) -> dict[str, int]:
    return events["rule"][events["rule"] != ""].str.split(";").explode().value_counts().to_dict()


def agree(events: pd.DataFrame, expected: pd.DataFrame) -> bool:
    """Compare 0-based events with 1-based rows."""
    found = events.assign(onset=events["onset"] + 1, offset=events["offset"] + 1)
    both = [sorted(map(tuple, rows[KEYS].values.tolist())) for rows in (found, expected)]
    return both[0] == both[1]


def holds(published: Published, videos: pd.DataFrame, events: pd.DataFrame) -> None:
    assert videos["subject"].nunique() == published.subjects
    assert len(videos) == published.videos
    assert (events["type"] == "me").sum() == published.me
    if published.mae is not None:
        assert (events["type"] == "mae").sum() == published.mae
    if published.frames is not None:
        assert videos["frames"].sum() == published.frames


def round_trips(videos: pd.DataFrame, events: pd.DataFrame) -> None:
    """Rows without repair keep their official numbers; no event leaves its video."""
    tables = {row.video: row for row in videos.itertuples()}
    for row in events.itertuples():
        video = tables[row.video]
        assert 0 <= row.onset <= row.offset < video.frames
        numbering = Numbering.parse(video.first, video.gaps)
        numbers = numbering.to_number(np.array([row.onset, row.offset]))
        assert numbering.to_index(numbers).tolist() == [row.onset, row.offset]
        if row.rule in ("", "apex_unknown", "clip_letter_lowered"):
            assert numbers.tolist() == [row.official_onset, row.official_offset]


@pytest.fixture
def samm(tmp_path, monkeypatch):
    lengths = table("samm_lv_videos.csv")
    for video in lengths["video"]:
        (tmp_path / "samm_lv" / "SAMM_longvideos" / video).mkdir(parents=True)
    counts = zip(lengths["video"], lengths["n_frames"], strict=True)
    official.fake_frames(monkeypatch, {video: np.arange(1, n + 1) for video, n in counts})
    return tmp_path


def samm_workbook(root: Path, release: str, rows: pd.DataFrame, preamble: int) -> None:
    names = ["Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration",
             "Type", "Action Units", "Notes"]  # fmt: skip
    cells = rows.astype(object).where(rows.notna(), None)[names].values.tolist()
    content = [[f"line {line}"] for line in range(preamble)] + [names, *cells]
    path = root / "samm_lv" / f"SAMM_LongVideos_{release}_Release.xlsx"
    official.write_sheet(path, "FACS_Movement_Only", content)


def test_samm_lv_as_first_released(samm):
    from mespot.datasets.samm_lv import PUBLISHED

    samm_workbook(samm, "V1", table("samm_lv_official_columns.csv"), preamble=9)
    videos, events = index("samm_lv", samm)
    holds(PUBLISHED, videos, events)
    round_trips(videos, events)
    assert rules(events) == {
        "fractional_frame_rounded": 177,  # of 178: openpyxl writes 114.99999999999999 as 115
        "onset_zero_to_first": 10,
        "apex_unknown": 6,
        "offset_past_end_clipped": 2,
    }
    names = table("samm_lv_official_columns.csv")["Filename"]
    twice = names.index[names.duplicated(keep=False)] + 11  # below preamble and header
    assert sorted(events[events["row"].isin(twice)]["type"]) == ["mae", "me"]
    assert len(pd.read_csv(samm / "out" / "dropped.csv")) == 0
    third = table("samm_lv.csv")
    first = {tuple(row) for row in events[KEYS].values.tolist()}
    last = {(v, a - 1, b - 1, t) for v, a, b, t in third[KEYS].values.tolist()}
    assert len(first & last) >= 500


def test_samm_lv_in_its_third_release(samm):
    from mespot.datasets.samm_lv import PUBLISHED

    rows = table("samm_lv.csv")
    rows = rows.rename(columns={"onset": "Onset", "apex": "Apex", "offset": "Offset"})
    rows["Filename"] = rows["video"] + "_1"
    rows["Type"] = rows["type"].map({"me": "Micro - 1/2", "mae": "Macro"})
    for name in ("Subject", "Inducement Code", "Duration", "Action Units", "Notes"):
        rows[name] = None
    samm_workbook(samm, "V3", rows, preamble=0)
    videos, events = index("samm_lv", samm)
    holds(PUBLISHED, videos, events)
    round_trips(videos, events)
    assert rules(events) == {"apex_unknown": 6}
    assert agree(events, table("samm_lv.csv"))


@pytest.fixture
def casme2(tmp_path, monkeypatch):
    lengths = table("casme2_videos.csv")
    for row in lengths.itertuples():
        (tmp_path / "casme2" / "rawpic" / row.subject / row.video).mkdir(parents=True)
    (tmp_path / "casme2" / "rawpic" / "s19" / "19_0502funnyerrors").mkdir()
    counts = zip(lengths["video"], lengths["n_frames"], strict=True)
    official.fake_frames(monkeypatch, {video: np.arange(1, n + 1) for video, n in counts})
    rows = table("casme2_official_columns.csv")
    cells = [
        [int(row.subject[1:]), row.video[3:7], row.onset, row.apex, row.offset, row.type]
        for row in rows.itertuples()
    ]
    subjects = [int(name[1:]) for name in lengths["subject"].unique()]
    sheets = official.casme2_sheets(cells, subjects)
    official.write_sheets(tmp_path / "casme2" / official.CASME2_WORKBOOK, sheets)
    return tmp_path


@pytest.mark.parametrize(
    ("rule", "expected", "touched"),
    [
        ("apex", "casme2_resolved.csv", {"offset_missing_to_apex": 44, "apex_unknown": 4}),
        (
            "apex_plus_20",
            "casme2_lgsnet.csv",
            {
                "offset_missing_to_apex_plus_20": 44,
                "offset_before_apex_to_apex_plus_20": 3,
                "apex_unknown": 1,
            },
        ),
    ],
)
def test_casme2_by_two_rules(casme2, rule, expected, touched):
    from mespot.datasets.casme2 import PUBLISHED

    videos, events = index("casme2", casme2, settings(rule))
    holds(PUBLISHED, videos, events)
    assert agree(events, table(expected))
    assert rules(events) == touched
    assert (events["official_offset"] == 0).sum() == 44
    assert events["video"].nunique() == 95
    assert set(videos["video"]) == set(PUBLISHED.names) == set(table("casme2_videos.csv")["video"])


def test_casme2_without_the_rows_that_have_no_offset(casme2):
    _, events = index("casme2", casme2, settings("drop"))
    assert (events["type"] == "mae").sum() == 256 and (events["type"] == "me").sum() == 57
    dropped = pd.read_csv(casme2 / "out" / "dropped.csv")
    assert (dropped["reason"] == "missing_offset").sum() == len(dropped) == 44
    assert (dropped["official_offset"] == 0).all()


def test_casme2_with_the_folder_that_is_filed_wrongly(casme2):
    from mespot.datasets.casme2 import PUBLISHED

    (casme2 / "casme2" / "rawpic" / "s23" / "23_0502funnyerrors").rmdir()
    videos, events = index("casme2", casme2)
    holds(PUBLISHED, videos, events)
    row = videos.set_index("video").loc["23_0502funnyerrors"]
    assert row["subject"] == "s23" and row["path"].endswith("rawpic/s19/19_0502funnyerrors")
    moved = events[events["video"] == "23_0502funnyerrors"]
    assert (moved["rule"] == "video_filed_as_19_0502").all() and len(moved) == 2


@pytest.fixture
def casme3(tmp_path, monkeypatch):
    lengths = table("casme3_videos.csv")
    numbers = {}
    for row in lengths.itertuples():
        folder = tmp_path / "casme3/part_A/data/part_A" / row.subject / row.video[-1] / "color"
        folder.mkdir(parents=True)
        numbers[row.video] = np.arange(row.first_jpg, row.last_jpg + 1)
    official.fake_frames(monkeypatch, numbers)
    return tmp_path


def test_casme3_micro_sheet(casme3):
    from mespot.datasets.casme3 import PUBLISHED

    rows = table("casme3_me860_rawindex.csv")
    header = official.CASME3_HEADER
    cells = []
    for row in rows.itertuples():
        clip = "J" if row.video == "spNO.14_j" else row.video[-1]
        cells.append([row.subject, clip, row.onset, row.apex, row.offset, row.au,
                      row.objective_class, row.emotion])  # fmt: skip
    folder = casme3 / "casme3" / "annotation"
    official.write_sheet(folder / official.ME_SHEET, "label", [header, *cells])
    official.write_sheet(folder / official.MAE_SHEET, "label", [header])
    videos, events = index("casme3", casme3)
    holds(PUBLISHED, videos, events)
    round_trips(videos, events)
    assert set(videos["video"]) == set(PUBLISHED.names)
    upper = (rows["video"] == "spNO.14_j").sum()
    assert rules(events) == {
        "offset_missing_to_apex": 2,
        "apex_unknown": 2,
        "onset_typo_corrected": 1,
        "onset_zero_to_first": 1,
        "clip_letter_lowered": upper,
    }
    typo = events[events["rule"] == "onset_typo_corrected"].iloc[0]
    assert (typo["official_onset"], typo["onset"]) == (3647, 2647 - typo_first(videos))


def typo_first(videos: pd.DataFrame) -> int:
    return int(videos.set_index("video").loc["spNO.216_d", "first"])
