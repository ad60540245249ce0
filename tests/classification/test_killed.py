from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.classification.toy_clips import params_file

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
QUIET = {**os.environ, "MESPOT_NO_TRACKING": "1", "OMP_NUM_THREADS": "1"}


def test_killed_at_five_moments_and_run_again_the_results_are_the_same(colour, tmp_path):
    params = params_file(tmp_path / "p.yaml", epochs=1.0, checkpoint_every=1, workers=1)
    done = subprocess.run(
        [sys.executable, "-m", "tests.classification.killed_classify", colour, params,
         tmp_path / "out"],
        cwd=ROOT, capture_output=True, text=True, env=QUIET,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    digests = json.loads(done.stdout)
    assert len(digests) == 6 and len(set(digests.values())) == 1, digests
