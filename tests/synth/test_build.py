from __future__ import annotations

import numpy as np
import openpyxl
import pandas as pd
import pytest

from mespot.datasets.index import build_index
from mespot.params import load_params
from mespot.synth.build import LAYOUTS, build_synth, embedded_root
from mespot.synth.script import script_events
from mespot.tables.numbers import Numbering
from mespot.video.frames import open_frames

SEED = 7


@pytest.fixture(scope="module")
def built(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedded")
    root = build_synth(tiny, SEED, 1, folder, folder / "manifest.csv")
    return root, folder / "manifest.csv"


def test_manifest_describes_what_lies_there(built, tiny):
    root, manifest = built
    table = pd.read_csv(manifest, dtype={"video": str}, keep_default_na=False)
    assert list(table) == ["dataset", "video", "path", "frames", "md5"]
    assert table["dataset"].is_monotonic_increasing
    assert (table["video"] == "").sum() == 3
    assert (table["video"] != "").sum() == 2 * 1 + 2 * 2
    for row in table[table["video"] != ""].itertuples():
        assert sum(1 for _ in (root / row.path).iterdir()) == row.frames
    assert root == embedded_root(tiny, SEED, root.parent)
    assert root != embedded_root(tiny, SEED + 1, root.parent)


@pytest.mark.slow
def test_same_bytes_again_and_with_two_processes(built, tiny, tmp_path):
    _, manifest = built
    build_synth(tiny, SEED, 2, tmp_path, tmp_path / "manifest.csv")
    assert (tmp_path / "manifest.csv").read_bytes() == manifest.read_bytes()


def test_a_finished_video_is_kept_and_a_broken_one_made_again(built, tiny, tmp_path):
    root, manifest = built
    before = manifest.read_bytes()
    kept, lost = sorted((root / "samm_lv" / "SAMM_longvideos").iterdir())
    times = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    sorted(lost.iterdir())[3].unlink()
    build_synth(tiny, SEED, 1, root.parent, tmp_path / "manifest.csv")
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == times
    assert (tmp_path / "manifest.csv").read_bytes() == before
    assert len(list(lost.iterdir())) == len(times)


@pytest.mark.parametrize("dataset", sorted(LAYOUTS))
def test_adapter_reads_back_the_scripts(built, tiny, tmp_path, dataset):
    root, _ = built
    videos, events = build_index(dataset, root, tmp_path, load_params().data)
    plans = LAYOUTS[dataset].plan(getattr(tiny, dataset), tiny.difficulty, SEED)
    assert set(videos["video"]) == {plan.video for plan in plans}
    assert (events["rule"] == "").all()
    for plan in plans:
        row = videos[videos["video"] == plan.video].iloc[0]
        assert (row["fps"], row["frames"], row["grey"]) == (plan.fps, len(plan.names), plan.grey)
        numbering = Numbering.parse(row["first"], row["gaps"])
        assert np.array_equal(numbering.to_number(np.arange(row["frames"])), plan.numbers)
        truth = script_events(plan.script, plan.fps).sort_values("onset")
        found = events[events["video"] == plan.video]
        assert found["type"].tolist() == truth["type"].tolist()
        for name in ("onset", "apex", "offset"):
            official = truth[name].to_numpy() + plan.numbers[0]
            assert found[f"official_{name}"].tolist() == official.tolist()
            assert numbering.to_number(found[name].to_numpy()).tolist() == official.tolist()


def test_raw_numbers_begin_at_1_5_or_7_and_some_have_gaps(tiny):
    size = tiny.casme3.model_copy(update={"subjects": 10})
    plans = LAYOUTS["casme3"].plan(size, "easy", SEED)
    assert {plan.numbers[0] for plan in plans} == {1, 5, 7}
    gaps = [max(np.diff(plan.numbers)) for plan in plans]
    assert 1 in gaps and max(gaps) in (2, 3, 4)


def test_samm_workbook_has_the_official_preamble(built):
    root, _ = built
    book = openpyxl.load_workbook(root / "samm_lv" / "SAMM_LongVideos_V3_Release.xlsx")
    rows = list(book["FACS_Movement_Only"].iter_rows(values_only=True))
    assert rows[9][:5] == ("Subject", "Filename", "Inducement Code", "Onset", "Apex")
    subject, name, code, onset, _, offset, duration, kind = rows[10][:8]
    assert subject == "006" and name == f"006_{code}_1"
    assert duration == offset - onset + 1
    assert kind in ("Macro", "Micro - 1/2")


def test_frames_decode_to_the_planned_size(built, tiny):
    root, _ = built
    plan = LAYOUTS["casme3"].plan(tiny.casme3, tiny.difficulty, SEED)[0]
    source = open_frames(root / "casme3" / plan.folder, fps=30)
    index, frame = next(source.iterate())
    assert index == 0 and frame.shape == (96, 96, 3)
    assert source.numbers.tolist() == list(plan.numbers)
