from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mespot.core.errors import MespotError
from mespot.submission.check import check_submission
from mespot.submission.edition import LENGTHS, guess_edition, names_of
from mespot.submission.format import read_submission
from mespot.submission.render import render_report

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "submissions"
REAL = {
    "megc2022_1st_cas_pred.csv": (60, 6),
    "megc2022_1st_samm_pred.csv": (21, 3),
    "megc2022_slswin_cas_pred.csv": (36, 14),
    "megc2022_slswin_samm_pred.csv": (59, 40),
    "megc2023_2nd_cas_pred.csv": (305, 26),
    "megc2023_2nd_samm_pred.csv": (60, 7),
}


@pytest.mark.parametrize("name", REAL)
def test_real_entries_pass_without_complaint(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip("no real files here")
    table = read_submission(path)
    assert (len(table), (table["type"] == "me").sum()) == REAL[name]
    edition = name[:8]
    for report in (check_submission(path), check_submission(path, edition)):
        assert report.errors == [] and report.warnings == []
        assert dict(report.facts)["types"].startswith(f"0 of {len(table)} rows")


def write(folder: Path, *rows: str, name: str = "cas_pred.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(["vid,onset,offset,type", *rows, ""]))
    return path


def texts(faults) -> list[str]:
    return [str(fault) for fault in faults]


def index(**videos) -> pd.DataFrame:
    """Name -> (fps, frames, first, gaps)."""
    rows = [(name, *values) for name, values in videos.items()]
    return pd.DataFrame(rows, columns=["video", "fps", "frames", "first", "gaps"])


def test_a_clean_file_gives_facts_alone(tmp_path):
    path = write(tmp_path, "dzw_a1,10,20,me", "dzw_a1,40,70,mae", "gcf_a1,5,35,mae")
    report = check_submission(path)
    assert report.valid and not report.warnings and not report.notes
    facts = dict(report.facts)
    assert "2023" in facts["header"]
    assert facts["videos"].startswith("2 of 20 of the CAS part, without prediction: dzw_d1 ")
    assert facts["me"] == "1, lasting 0.37 to 0.37 s (median 0.37 s)"
    assert facts["mae"] == "2, lasting 1.03 to 1.03 s (median 1.03 s)"
    assert render_report(report).splitlines()[-1] == "  VALID"


def test_type_and_length_are_compared_at_the_rate_of_the_part(tmp_path):
    # 15 frames are 0.5 s at 30 fps, 100 are at 200 fps; the border itself is still an me
    cas = write(tmp_path, "dzw_a1,10,25,me", "dzw_a1,40,56,me", "dzw_a1,90,100,mae")
    assert dict(check_submission(cas).facts)["types"].startswith("2 of 3 rows")
    samm = write(tmp_path, "001_2,10,110,me", "001_2,200,301,me", name="samm_pred.csv")
    assert dict(check_submission(samm).facts)["types"].startswith("1 of 2 rows")


def test_overlap_order_and_repeats(tmp_path):
    path = write(
        tmp_path,
        "dzw_a1,50,70,mae",
        "dzw_a1,10,20,mae",
        "dzw_a1,60,65,me",
        "dzw_a1,10,20,mae",
        "dzw_a1,20,30,mae",
        "gcf_a1,25,35,mae",
    )
    report = check_submission(path)
    assert report.valid
    assert texts(report.warnings) == ["row 5: repeats row 3; of two equal rows one counts as false"]
    notes = texts(report.notes)
    assert notes[0].startswith("3 rows overlap")  # me in mae, the repeat, a shared frame
    assert notes[1].startswith("1 rows begin before the row above")


def test_names_of_another_edition_and_unknown_ones(tmp_path):
    path = write(tmp_path, "dzw_a1,1,9,me", "sub01,1,9,me", "dzw_a9,1,9,me", "dzw_a9,20,29,me")
    report = check_submission(path)
    assert texts(report.errors) == [
        "row 3: vid: found 'sub01', expected a video of MEGC 2023 to 2025, such as 001_2",
        "row 4: vid: found 'dzw_a9', expected a video of MEGC 2023 to 2025, such as 001_2 "
        "(and 1 more rows)",
    ]
    report = check_submission(write(tmp_path, "sub06,1,9,me"))
    assert "sub06" in str(report.errors[0]) and "test video of MEGC" in str(report.errors[0])
    assert "NOT VALID: 1 error" in render_report(report)
    # the same file is right for one edition and wrong for the other
    path = write(tmp_path, "sub01,1,9,me")
    assert check_submission(path, "megc2022").valid
    assert not check_submission(path, "megc2023").valid
    with pytest.raises(MespotError, match="megc2024"):
        check_submission(path, "megc2024")


def test_the_header_of_the_other_edition_is_a_note(tmp_path):
    report = check_submission(write(tmp_path, "sub01,1,9,me"))
    assert report.valid and "MEGC 2022" in str(report.notes[0])


def test_parts_are_not_mixed(tmp_path):
    rows = ["001_2,10,20,me", "dzw_a1,10,20,me", "dzw_a1,30,40,me"]
    for name, odd in (
        ("my_samm_pred.csv", "dzw_a1"),
        ("x.csv", "001_2"),
        ("cas_pred.csv", "001_2"),
    ):
        report = check_submission(write(tmp_path, *rows, name=name))
        assert len(report.errors) == 1 and f"vid: {odd} belongs to the" in str(report.errors[0])


def test_every_number_is_compared_with_the_index(tmp_path):
    videos = index(dzw_a1=(30.0, 95, 5, "50-54"), gcf_a1=(30.0, 0, 0, ""))
    path = write(
        tmp_path,
        "dzw_a1,5,104,mae",
        "dzw_a1,4,9,me",
        "dzw_a1,90,105,me",
        "dzw_a1,45,52,me",
        "gcf_a1,1,999999,mae",
        "dzw_d1,1,9,me",
    )
    report = check_submission(path, videos=videos)
    assert texts(report.errors) == [
        "row 3: onset: found 4, expected a frame of dzw_a1, 5 to 104",
        "row 4: offset: found 105, expected a frame of dzw_a1, 5 to 104",
    ]
    gap, unlisted = texts(report.warnings)
    assert gap.startswith("row 5: offset: found 52") and "gaps 50-54" in gap
    assert unlisted.startswith("row 7: vid: dzw_d1 is not in the index")
    assert dict(report.facts)["range"] == "4 of 6 rows compared with the index"


def test_an_index_stands_for_any_data_set(tmp_path):
    videos = index(anna=(25.0, 100, 0, ""), bert=(50.0, 100, 0, ""))
    path = write(tmp_path, "anna,0,12,me", "anna,0,13,me", "bert,0,25,me", name="mine_pred.csv")
    report = check_submission(path, videos=videos)
    assert report.valid and not report.warnings
    assert dict(report.facts)["types"].startswith("1 of 3 rows")
    assert not check_submission(path).valid
    other = check_submission(write(tmp_path, "001_2,10,20,me"), videos=videos)
    assert "expected a video of the index, such as anna" in str(other.errors[0])


def test_numbers_that_no_disk_is_needed_for(tmp_path):
    report = check_submission(write(tmp_path, "001_2,0,20,me", "001_2,99,14452,mae", name="a.csv"))
    assert report.valid
    zero, beyond = texts(report.warnings)
    assert zero.startswith("row 2: found onset 0") and beyond.startswith("row 3: offset")
    rows = [f"{name},{10 * k + 1},{10 * k + 9},me" for name in ("001_2", "002_4", "003_1")
            for k in range(5)]  # fmt: skip
    report = check_submission(write(tmp_path, *rows, name="samm_pred.csv"))
    assert "reduced rate" in str(report.warnings[0])
    report = check_submission(write(tmp_path, *rows, "003_1,9000,9100,mae", name="samm_pred.csv"))
    assert not report.warnings


def test_faulty_rows_do_not_hide_the_others(tmp_path):
    rows = [f"dzw_a1,{k},x,me" for k in range(1, 31)]
    report = check_submission(write(tmp_path, *rows, "nobody,1,9,me"))
    assert len(report.errors) == 31
    assert "nobody" in str(report.errors[-1])
    text = render_report(report)
    assert text.count("ERROR: row") == 20 and "ERROR: and 11 more" in text
    assert text.splitlines()[-1].strip() == "NOT VALID: 31 errors"


@pytest.mark.parametrize("edition", ["megc2022", "megc2023"])
def test_a_header_alone_is_valid(tmp_path, edition):
    report = check_submission(write(tmp_path), edition)
    assert report.valid and "no prediction" in str(report.notes[-1])
    assert "without prediction" in dict(report.facts)["videos"]


def test_a_wrong_header_ends_the_check(tmp_path):
    path = tmp_path / "cas_pred.csv"
    path.write_text("vid;onset;offset;type\nsub01;1;2;me\n")
    report = check_submission(path)
    assert len(report.errors) == 1 and report.facts == []


def test_a_byte_order_mark_is_a_warning(tmp_path):
    path = write(tmp_path, "dzw_a1,1,9,me")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    report = check_submission(path)
    assert report.valid and "byte order mark" in str(report.warnings[0])


def test_what_is_known_of_the_editions_fits_together():
    for edition, lengths in LENGTHS.items():
        assert set(lengths) <= set(names_of(edition))
        assert len(lengths) == 10
    assert guess_edition(["001_2"], 2022) == "megc2022"
    assert guess_edition(["001_2"], 2023) == "megc2023"
    assert guess_edition(["001_2", "001_3"], 2022) == "megc2023"
    assert guess_edition(["elsewhere"], 2023) is None
