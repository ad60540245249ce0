from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from toy_training import archives, pretrain_section
from toy_videos import make_list

from mespot.training.pretrain import pretrain
from mespot.video.shards import pack
from mespot.video.video_list import VideoList

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("killed.py")


@pytest.mark.parametrize("what", ["pretrain", "finetune", "list", "shards"])
def test_killed_at_five_moments_and_resumed_the_bytes_are_the_same(what, faces, tmp_path):
    encoder = tmp_path / "encoder"
    if what in ("list", "shards"):
        faces = make_list(tmp_path / "videos")
    if what == "shards":
        pack(VideoList(faces), tmp_path / "packed", 2, 7)
        faces = tmp_path / "packed"
    if what == "finetune":
        params = pretrain_section(steps=0)
        pretrain(archives(faces), params, 7, tmp_path / "w", encoder, lambda *_: None)
    done = subprocess.run(
        [sys.executable, SCRIPT, what, faces, tmp_path / "out", encoder],
        cwd=SCRIPT.parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    digests = json.loads(done.stdout)
    assert len(digests) == 6 and len(set(digests.values())) == 1, digests
