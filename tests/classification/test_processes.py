from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from mespot.pipeline.classify import train_on_lists
from tests.classification.test_killed import QUIET, ROOT
from tests.classification.toy_clips import params_file

pytestmark = pytest.mark.slow


def test_two_processes_train_and_score_as_one(colour, tmp_path, monkeypatch):
    # 9 and 12 clips: the validation list does not divide evenly
    params = params_file(tmp_path / "p.yaml", epochs=1.0, checkpoint_every=2, drop_path=0.0,
                         erase=0.0, workers=1)  # fmt: skip
    lists = [colour / f"{split}.txt" for split in ("train", "val", "test")]
    monkeypatch.setenv("MESPOT_NO_TRACKING", "1")
    train_on_lists(*lists, colour, tmp_path / "one", params_file=params)
    script = tmp_path / "run.py"
    script.write_text("from mespot.cli import main; main()")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc_per_node", "2", script, "classify", "train", "--root", colour]
    command += ["--params", params, "--out", tmp_path / "two"]
    for name, path in zip(("--train", "--val", "--test"), lists, strict=True):
        command += [name, path]
    done = subprocess.run(command, cwd=ROOT, env=QUIET, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("test: UAR") == 1  # process 0 alone speaks
    one, two = tmp_path / "one", tmp_path / "two"
    losses = [pd.read_csv(place / "curve.csv")["loss"] for place in (one, two)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=2e-4)
    for use, count in (("validation", 9), ("test", 12)):
        tables = [pd.read_csv(place / use / "predictions.csv") for place in (one, two)]
        assert len(tables[0]) == count and list(tables[0]["clip"]) == list(tables[1]["clip"])
        columns = ["p_0", "p_1", "p_2"]
        np.testing.assert_allclose(tables[0][columns], tables[1][columns], atol=2e-3)
    assert json.loads((two / "metrics.json").read_text())["validation"]["clips"] == 9
