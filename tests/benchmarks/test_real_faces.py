"""Scoring of the benchmark on real faces, on clips made by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import real_faces
from real_causes import Recording, cause_table, edge_table, errors_of, noise
from real_scoring import clip_table, judge, person_difference, person_interval, reliability, totals
from real_sheets import draw_sheet
from real_truth import ClipTruth, agree, covered, read_truth

from mespot.core.errors import MespotError

FOLDER = Path(__file__).resolve().parents[2].parent / "shared/data/faces/real"


def spans(*pairs):
    return np.array(pairs, dtype=float).reshape(-1, 2)


def clip(**parts):
    parts = {name: spans(*value) for name, value in parts.items()}
    return ClipTruth("one", "somebody", fps=25.0, frames=500, **parts)


def predictions(*rows):
    """Rows are (onset, offset[, type[, score]])."""
    full = [(*row, *("mae", 0.9)[len(row) - 2 :]) for row in rows]
    return pd.DataFrame(full, columns=["onset", "offset", "type", "score"])


def marks(*rows):
    """Rows are (annotator, kind, onset, offset, strength[, where])."""
    names = ["annotator", "kind", "onset", "offset", "strength", "where"]
    table = pd.DataFrame([(*row, "mouth")[:6] for row in rows], columns=names)
    return table.assign(clip="one", note="")


def recording(frames=500, noise=0.0005, **columns):
    values = {"success": 1.0, "confidence": 1.0, "blink": 0.0, "head_motion": 0.1}
    return Recording(pd.DataFrame({**values, **columns}, index=range(frames)), noise)


def verdicts(truth, *rows):
    return list(judge(truth, predictions(*rows)).verdict)


def false_cause(truth, row, measured=None):
    errors = errors_of(judge(truth, predictions(row)), measured)
    return errors[errors["error"] == "false"]["cause"].tolist()


def test_what_both_marked_and_one_called_clear_has_to_be_found():
    table = marks(
        ("A", "expr", 10, 30, "clear", "mouth"),
        ("B", "expr", 13, 34, "subtle", "mouth+eyes"),
        ("A", "expr", 60, 80, "subtle"),
        ("B", "expr", 60, 80, "subtle"),
        ("A", "expr", 100, 120, "clear"),
        ("B", "expr", 118, 140, "clear"),  # too little in common: two marks of one each
        ("B", "speech", 200, 220, ""),
        ("A", "other", 300, 320, "", "eyes shut"),
        ("A", "other", 400, 420, "", "hand"),
        ("A", "none", np.nan, np.nan, ""),
    )
    truth = agree(table, "one", "somebody", 25.0, 500)
    assert truth.must.tolist() == [[11.5, 32.0]]
    assert truth.where == ("mouth+eyes",)
    assert sorted(truth.free.tolist()) == [[60, 80], [100, 120], [118, 140]]
    assert truth.speech.tolist() == [[200, 220]]
    assert truth.other.tolist() == [[300, 320], [400, 420]]
    assert truth.eyes.tolist() == [[300, 320]]
    assert truth.types().tolist() == ["mae"]
    assert clip(must=[(0, 11.5), (20, 33)]).types().tolist() == ["me", "mae"]


def test_covered_counts_frames_of_a_union_inclusively():
    assert covered((10, 19), spans((0, 10), (12, 13), (13, 14))) == pytest.approx(0.4)
    assert covered((10, 19), spans((18.5, 30))) == pytest.approx(0.2)
    assert covered((10, 19), spans()) == 0.0


def test_hits_pieces_and_what_is_left_alone():
    truth = clip(must=[(100, 139)], free=[(200, 239)], other=[(300, 339)])
    assert verdicts(truth, (100, 119)) == ["hit"]
    assert verdicts(truth, (100, 118)) == ["piece"]
    assert verdicts(truth, (100, 130), (132, 139)) == ["hit", "piece"]
    assert verdicts(truth, (220, 259), (220, 260)) == ["left alone", "rest"]
    assert verdicts(truth, (300, 310)) == ["left alone"]
    assert verdicts(truth, (499, 510), (500, 510)) == ["rest"]  # the truth ends at 499


def test_false_alarms_in_speech_and_at_rest_per_minute():
    truth = clip(must=[(0, 24)], speech=[(100, 249)])
    judged = judge(truth, predictions((224, 275), (223, 275), (300, 310)))
    # in order of onset: 27 of 53 frames on speech, then half of 52
    assert list(judged.verdict) == ["speech", "rest", "rest"]
    both = totals([judged, judged])
    assert (both["fa_speech"], both["fa_rest"]) == (2, 4)
    assert both["false_speech_min"] == pytest.approx(60 * 2 / 12)
    assert both["false_rest_min"] == pytest.approx(60 * 4 / 26)


def test_typed_figures_count_a_wrong_type_as_miss_and_false_alarm():
    truth = clip(must=[(100, 109), (200, 260)])
    judged = judge(truth, predictions((100, 109, "me"), (200, 260, "me"), (400, 410)))
    figures = totals([judged])
    assert (figures["found"], figures["typed"], figures["me"]) == (2, 1, 1)
    assert (figures["precision"], figures["recall"]) == (pytest.approx(2 / 3), 1.0)
    assert (figures["f1"], figures["typed_f1"]) == (pytest.approx(0.8), pytest.approx(0.4))


def test_edge_errors_are_late_above_zero_and_depend_on_the_rate():
    judged = judge(clip(must=[(100, 139)]), predictions((95, 141)))
    assert judged.edge_errors().tolist() == [[-200.0, 80.0]]
    row = clip_table([judged]).iloc[0]
    assert (row["onset_ms"], row["offset_ms"]) == (200.0, 80.0)
    assert (row["onset_bias_ms"], row["offset_bias_ms"]) == (-200.0, 80.0)


def test_a_looser_overlap_makes_a_piece_a_hit():
    truth, found = clip(must=[(100, 139)]), predictions((100, 115))
    assert list(judge(truth, found, 0.5).verdict) == ["piece"]
    assert list(judge(truth, found, 0.3).verdict) == ["hit"]


def test_the_interval_draws_persons_and_not_clips():
    good = judge(clip(must=[(100, 139)]), predictions((100, 139)))
    poor = judge(clip(must=[(100, 139)]), predictions((300, 310)))
    one_person = person_interval([good, poor])
    assert one_person.value == one_person.low == one_person.high == pytest.approx(0.5)
    stranger = ClipTruth("two", "another", 25.0, 500, must=spans((100, 139)))
    two_persons = person_interval([good, judge(stranger, predictions((300, 310)))])
    assert (two_persons.low, two_persons.high) == (0.0, 1.0)
    difference = person_difference([good, good], [good, poor])
    assert difference.value == difference.low == difference.high == pytest.approx(0.5)


def test_causes_of_misses():
    truth = clip(must=[(100, 139), (150, 189), (300, 339), (400, 439)])
    found = predictions((100, 189), (300, 315), (320, 330), (439, 470))
    errors = errors_of(judge(truth, found))
    missed = errors[errors["error"] == "miss"].set_index("onset")
    assert missed["cause"].to_dict() == {
        100: "merged",
        150: "merged",
        300: "pieces",
        400: "nothing",  # one frame of 40 is no find
    }


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ((80, 115), "onset early 0.80 s; offset early 0.96 s; IoU 0.27"),
        ((129, 200), "onset late 1.16 s; offset late 2.44 s; IoU 0.11"),
        ((90, 210), "onset early 0.40 s; offset late 2.84 s; long; IoU 0.33"),
        ((110, 120), "onset late 0.40 s; offset early 0.76 s; short; IoU 0.28"),
    ],
)
def test_wrong_edges_are_named(row, detail):
    errors = errors_of(judge(clip(must=[(100, 139)]), predictions(row)))
    miss = errors[errors["error"] == "miss"].iloc[0]
    assert (miss["cause"], miss["detail"]) == ("edges", detail)
    counts = edge_table(errors).iloc[0].to_dict()
    named = {word for word, count in counts.items() if word not in ("cause", "events") and count}
    assert named == {" ".join(part.split()[:2]) for part in detail.split("; ")[:-1]}


def test_causes_of_false_alarms():
    events = clip(must=[(100, 139), (160, 199)], eyes=[(300, 310)])
    assert false_cause(events, (142, 157)) == ["valley"]
    assert false_cause(events, (206, 230)) == ["return"]
    assert false_cause(events, (208, 230)) == ["rest"]
    assert false_cause(events, (305, 330)) == ["eyes"]
    assert false_cause(events, (90, 198)) == ["piece"]
    assert false_cause(clip(must=[(100, 109)]), (90, 130)) == ["edges"]
    assert false_cause(clip(speech=[(300, 400)]), (350, 360)) == ["speech"]


@pytest.mark.parametrize(
    ("measured", "cause"),
    [
        (recording(), "rest"),
        (recording(noise=0.003), "recording"),
        (recording(head_motion=0.6), "head"),
        (recording(blink=np.arange(500) == 355), "eyes"),
        (recording(blink=np.arange(500) == 365), "rest"),
        (recording(confidence=0.4), "face"),
        (recording(success=np.arange(500) < 353), "face"),
    ],
)
def test_causes_that_the_signals_show(measured, cause):
    assert false_cause(clip(), (350, 360), measured) == [cause]


def test_an_event_without_a_face_is_missed_for_that():
    judged = judge(clip(must=[(100, 139)]), predictions())
    lost = recording(success=np.arange(500) < 120)
    assert errors_of(judged, lost)["cause"].tolist() == ["face"]
    assert errors_of(judged, recording())["cause"].tolist() == ["nothing"]


def test_further_causes_count_as_any():
    truth = clip(must=[(100, 139)])
    errors = errors_of(judge(truth, predictions((142, 160))), recording(head_motion=0.6))
    table = cause_table(errors).set_index(["error", "cause"])
    assert table.loc[("false", "return"), ["errors", "share", "any"]].tolist() == [1, 1.0, 1]
    assert table.loc[("false", "head"), ["errors", "share", "any"]].tolist() == [0, 0.0, 1]


def test_reliability_leaves_aside_what_counts_neither_way():
    truth = clip(must=[(100, 139)], free=[(200, 239)])
    rows = [(100, 139, "mae", 0.95), (200, 239, "mae", 0.9), (400, 420, "mae", 0.85)]
    table = reliability([judge(truth, predictions(*rows))])
    assert table["predictions"].tolist() == [0, 0, 0, 0, 2]
    assert table.iloc[4][["score", "hits"]].tolist() == pytest.approx([0.9, 0.5])


def test_noise_is_that_of_white_noise_and_ignores_slow_movement():
    rng = np.random.default_rng(1)
    names = [f"{region}_{axis}" for region in range(25) for axis in "xy"]
    slow = np.sin(np.arange(400) / 40)[:, None]
    white = rng.normal(scale=0.002 / np.sqrt(2), size=(400, 50))
    frames = pd.DataFrame(0.05 * slow + white, columns=names).assign(success=1)
    assert noise(frames) == pytest.approx(0.002, rel=0.15)


def test_a_clip_that_is_done_is_not_run_again(tmp_path, monkeypatch, params):
    files = {}
    for name in ("first", "second"):
        files[name] = tmp_path / f"{name}.mp4"
        files[name].write_bytes(name.encode())
    done = []

    def stand_in(inputs, out, params):
        done.append(inputs[0].name)
        if inputs[0].name == "second":
            raise MespotError("no face")
        rows = [(inputs[0].name, 1, 9, "me", 0.9, 0.04, 0.36, 0.25)]
        return pd.DataFrame(rows, columns=list(real_faces.COLUMNS))

    monkeypatch.setattr(real_faces, "spot", stand_in)
    out = tmp_path / "out"
    table = real_faces.run_clips(files, out, params)
    assert table["vid"].tolist() == ["first"] and done == ["first", "second"]
    again = real_faces.run_clips(files, out, params)
    assert again.equals(table) and len(done) == 2
    files["first"].write_bytes(b"changed")
    real_faces.run_clips(files, out, params)
    assert done == ["first", "second", "first"]
    real_faces.run_clips(files, out, params.model_copy(update={"seed": params.seed + 1}))
    real_faces.run_clips(files, out, params, fresh=True)
    assert len(done) == 7
    assert real_faces.read_intervals(out / "intervals.csv")["vid"].tolist() == ["first"]


def test_a_sheet_is_drawn_without_signals_too(tmp_path):
    table = marks(
        ("A", "expr", 1, 30, "clear"),
        ("B", "expr", 1, 30, "clear"),
        ("B", "none", 0, 1, ""),
    )
    truth = agree(table, "one", "somebody", 25.0, 500)
    draw_sheet(tmp_path / "one.png", judge(truth, predictions((2, 30), (200, 230))), None, 0.5)
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER.is_dir(), reason="the annotated clips are not there")
def test_figures_equal_those_of_the_folders_own_score(tmp_path):
    truth = read_truth(FOLDER)
    rng = np.random.default_rng(7)
    rows = []
    for name, one in truth.items():
        near = np.concatenate([one.must, one.free, one.other, one.speech])
        near = near + rng.normal(scale=6, size=near.shape)
        free = rng.uniform(0, one.frames, size=(4, 1)) + [0, 1] * rng.uniform(2, 40, size=(4, 1))
        for onset, offset in np.round(np.concatenate([near, free])):
            low, high = max(min(onset, offset), 0), max(onset, offset, 0)
            rows.append((name, int(low), int(high), rng.choice(["me", "mae"]), 0.9))
    table = pd.DataFrame(rows, columns=["vid", "onset", "offset", "type", "score"])
    table.to_csv(tmp_path / "intervals.csv", index=False)
    for iou in real_faces.IOUS:
        words = [FOLDER / "score.py", tmp_path / "intervals.csv", FOLDER / "annotations.csv"]
        words += ["--meta", FOLDER / "clips.csv", "--iou", iou]
        command = [sys.executable, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        theirs = json.loads(done.stdout)
        ours = totals(real_faces.judge_all(truth, table, iou))
        for name in ("clips", "events", "found", "touched", "typed", "pieces"):
            assert ours[name] == theirs[name], name
        for name in ("precision", "recall", "f1", "typed_f1"):
            assert ours[name] == pytest.approx(theirs[name], abs=6e-4), name
        assert ours["false_speech_min"] == pytest.approx(
            theirs["false_in_speech_per_min"], abs=0.06
        )
        assert ours["false_rest_min"] == pytest.approx(theirs["false_at_rest_per_min"], abs=0.06)
        assert ours["found"] > 20
