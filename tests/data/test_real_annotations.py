"""The published annotations, through the real adapters, with empty frames of the real counts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mespot.data.numbers import Numbering
from mespot.data.raw import RawEvent
from mespot.data.repair import resolve

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "annotations"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="shared annotations are absent")


def resolved(rows, firsts, lasts) -> pd.DataFrame:
    out = []
    for row in rows.itertuples():
        first, last = firsts[row.video], lasts[row.video]
        event = RawEvent(row.video, row.onset, row.apex, row.offset, row.type, "sheet", row.Index)
        out.append({**resolve(event, Numbering(first), last - first + 1), "video": row.video})
    return pd.DataFrame(out)


def test_samm_lv_both_releases_agree_after_repair():
    text = {"subject": str, "Subject": str}
    final = pd.read_csv(SHARED / "samm_lv.csv", dtype=text)
    lengths = pd.read_csv(SHARED / "samm_lv_videos.csv", dtype=text)
    lasts = dict(zip(lengths["video"], lengths["n_frames"], strict=True))
    firsts = dict.fromkeys(lasts, 1)
    third = resolved(final, firsts, lasts)
    assert len(third) == 502
    assert set(third["rule"]) == {"", "apex_unknown"}
    assert (third["rule"] == "apex_unknown").sum() == 6
    old = pd.read_csv(SHARED / "samm_lv_official_columns.csv", dtype=text)
    old = old.rename(columns={"Onset": "onset", "Apex": "apex", "Offset": "offset", "Type": "type"})
    old["video"] = old["Filename"].str.rsplit("_", n=1).str[0]
    first = resolved(old, firsts, lasts)
    assert first["rule"].str.contains("fractional_frame_rounded").sum() > 100
    assert first["rule"].str.contains("onset_zero_to_first").sum() == 10
    keys = ["video", "onset", "offset"]
    a, b = (set(map(tuple, table[keys].values.tolist())) for table in (first, third))
    assert len(a & b) >= 495


def test_casme3_micro_sheet():
    from mespot.data.casme3 import _event
    from mespot.data.sheets import Row

    sheet = pd.read_csv(SHARED / "casme3_me860_rawindex.csv")
    lengths = pd.read_csv(SHARED / "casme3_videos.csv")
    firsts = dict(zip(lengths["video"], lengths["first_jpg"], strict=True))
    lasts = dict(zip(lengths["video"], lengths["last_jpg"], strict=True))
    rules = []
    for number, row in enumerate(sheet.itertuples(), start=2):
        cells = {"Subject": row.subject, "Filename": row.video[-1], "Onset": row.onset,
                 "Apex": row.apex, "Offset": row.offset}  # fmt: skip
        event = _event(Row("sheet", number, cells), "me")
        numbering = Numbering(int(firsts[event.video]))
        found = resolve(event, numbering, int(lasts[event.video] - firsts[event.video] + 1))
        assert 0 <= found["onset"] <= found["offset"]
        rules += found["rule"].split(";") if found["rule"] else []
    assert pd.Series(rules).value_counts().to_dict() == {
        "offset_missing_to_apex": 2,
        "apex_unknown": 2,
        "onset_typo_corrected": 1,
        "onset_zero_to_first": 1,
    }
