from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from toy_training import (
    FOLDS,
    ToyTask,
    archives,
    finetune_section,
    make_events,
    make_videos,
    pretrain_section,
)
from toy_videos import make_list
from two_processes import settings, stream_section

from mespot.core.errors import MespotError
from mespot.training.engine.distributed import alone, collect, process_group, shard
from mespot.training.engine.loop import fit
from mespot.training.finetune import finetune
from mespot.training.pretrain import pretrain
from mespot.video.video_list import VideoList

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("two_processes.py")


@pytest.fixture(scope="module")
def encoder(faces, tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    params = pretrain_section(steps=0)
    pretrain(archives(faces), params, 7, folder / "work", folder, lambda *_: None)
    return folder


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    return make_list(tmp_path_factory.mktemp("videos"))


@pytest.fixture(scope="module")
def two(faces, encoder, listed, tmp_path_factory):
    """Folder with what both processes wrote."""
    out = tmp_path_factory.mktemp("two")
    done = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
            SCRIPT, faces, encoder, listed, out,
        ],
        cwd=SCRIPT.parents[2],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return out


@pytest.fixture(scope="module")
def found(two):
    return [json.loads((two / f"rank{rank}.json").read_text()) for rank in (0, 1)]


def test_shards_that_do_not_divide_evenly_come_back_in_order(found):
    assert [one["rows"] for one in found] == [[0, 2, 4], [1, 3]]
    for one in found:
        assert one["squares"] == [[0, 0], [1, -1], [4, -2], [9, -3], [16, -4]]
        assert one["none"] == [1, 2]  # a set smaller than the number of processes


def test_errors_of_one_process_reach_all(found):
    for one in found:
        assert one["together"] == "crops.zip: torn"
        assert one["poison"].startswith("training step 3: the loss is nan; clips: 3.1, 3.3; lower")


def test_process_0_goes_first_and_alone_logs(found, two):
    assert (two / "order.txt").read_text() == "01"
    assert [one["logged"] for one in found] == [[0, 1, 2, 3], []]


def test_two_processes_train_as_one_with_the_whole_batch(found, tmp_path):
    task = ToyTask(5, drop_path=0)
    curve = fit(task, settings(), 3, tmp_path, lambda *_: None)
    losses = [row["loss"] for row in curve]
    for one in found:
        np.testing.assert_allclose(one["even"], losses, rtol=1e-5)
        np.testing.assert_allclose(one["micro"], losses, rtol=1e-5)
        assert one["same"] == 1  # the weights of both processes


def test_pretraining_by_two_has_the_losses_of_one(found, two, faces, tmp_path):
    params = pretrain_section(batch=3)
    curve = pretrain(archives(faces), params, 7, tmp_path / "w", tmp_path / "o", lambda *_: None)
    np.testing.assert_allclose(found[0]["pretrain"], [row["loss"] for row in curve], rtol=1e-5)
    assert found[0]["pretrain"] == found[1]["pretrain"]
    assert sorted(path.name for path in (two / "pretrain").iterdir()) == [
        "curve.csv", "encoder.safetensors", "model.json", "reconstruction.png",
    ]  # fmt: skip


def test_pretraining_on_listed_videos_by_two_has_the_losses_of_one(found, listed, tmp_path):
    params = stream_section(workers=0)
    curve = pretrain(VideoList(listed), params, 7, tmp_path / "w", tmp_path / "o", lambda *_: None)
    np.testing.assert_allclose(found[0]["stream"], [row["loss"] for row in curve], rtol=1e-5)
    assert found[0]["stream"] == found[1]["stream"]


def test_finetuning_by_two_has_the_losses_and_the_choice_of_one(two, faces, encoder, tmp_path):
    finetune(
        make_videos(), make_events(), archives(faces), encoder,
        finetune_section(drop_path=0.0, keep="best", validation=0.5), {**FOLDS, "s2": 2}, 7,
        tmp_path / "w", tmp_path / "o", lambda *_: None,
    )  # fmt: skip
    one, both = (pd.read_csv(folder / "curve.csv") for folder in (tmp_path / "o", two / "finetune"))
    np.testing.assert_allclose(both["loss"], one["loss"], rtol=1e-4)
    chosen = [
        sorted(str(path.relative_to(work)) for path in work.rglob("best-*.pt"))
        for work in (tmp_path / "w", two / "work2")
    ]
    assert chosen[0] == chosen[1] and len(chosen[0]) >= 4


def test_one_process_needs_no_group(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with process_group() as group:
        assert (group.rank, group.world, group.main) == (0, 1, True)
        assert collect(shard(3, group), 3, group).tolist() == [0, 1, 2]
        with pytest.raises(MespotError, match="torn"), group.together():
            raise MespotError("torn")
    assert alone().gather(4) == [4]
