from __future__ import annotations

import pytest

from mespot.core.errors import MespotError
from mespot.tables.load import read_events, read_interval_table, read_videos

VIDEOS = "subject,video,path,kind,fps,frames,first,gaps,grey,fingerprint\n"
EVENTS = (
    "subject,video,onset,apex,offset,type,official_onset,official_apex,official_offset,"
    "source,row,rule\n"
)


def test_text_columns_stay_text(tmp_path):
    path = tmp_path / "videos.csv"
    path.write_text(VIDEOS + "006,001,x,folder,200,9,1,7,True,1e5\n007,NA,x,file,30,9,1,,False,0\n")
    table = read_videos(path)
    assert table["subject"].tolist() == ["006", "007"]
    assert table["video"].tolist() == ["001", "NA"]
    assert table["gaps"].tolist() == ["7", ""]
    assert table["fingerprint"].tolist() == ["1e5", "0"]
    assert table["grey"].tolist() == [True, False]
    assert table["fps"].dtype == float and table["frames"].dtype == "int64"


def test_interval_tables_keep_names_numbers_and_further_columns(tmp_path):
    path = tmp_path / "intervals.csv"
    text = "branch,video,onset,score,apex,region\r\nflow,NA,3,0.5,,1\r\nfused,1e5,4,1,7,x\r\n"
    path.write_bytes(text.replace(",", ";").encode("utf-16"))
    table = read_interval_table(path)
    assert table["video"].tolist() == ["NA", "1e5"] and table["region"].tolist() == ["1", "x"]
    assert table["onset"].dtype == "int64" and table["score"].tolist() == [0.5, 1.0]
    assert table["apex"].isna().tolist() == [True, False]


def test_empty_events_have_types_too(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    table = read_events(path)
    assert len(table) == 0 and table["onset"].dtype == "int64"


def test_faulty_tables_are_named(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS + "006,006_1,5,6,4,me,6,7,5,s,2,\n")
    with pytest.raises(MespotError, match="events.csv: row 2: offset 4 lies before onset 5"):
        read_events(path)
    path.write_text(EVENTS + "006,006_1,5,?,6,me,6,7,5,s,2,\n")
    with pytest.raises(MespotError, match="events.csv: column 'apex' must hold numbers"):
        read_events(path)
    path.write_text("subject,video\n")
    with pytest.raises(MespotError, match="events.csv: column 'onset' or 'pred_onset' is missing"):
        read_events(path)
    with pytest.raises(MespotError, match="cannot be read"):
        read_videos(tmp_path / "none.csv")
