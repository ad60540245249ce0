from __future__ import annotations

from types import SimpleNamespace

import pytest

from mespot.core.errors import MespotError
from mespot.params import load_params
from mespot.pipeline.pretrain import _source
from mespot.video.shards import Shards, pack
from mespot.video.video_list import VideoList


def settings(source, videos):
    params = load_params()
    section = params.pretrain.model_copy(update={"source": source, "videos": videos})
    return params.model_copy(update={"pretrain": section})


def test_videos_are_named_relative_to_the_repository(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"video")
    (tmp_path / "list.txt").write_text("a.mp4\n")
    project = SimpleNamespace(root=tmp_path, artifact=lambda *parts: tmp_path.joinpath(*parts))
    listed = _source(settings("list", "list.txt"), project, tmp_path / "w")
    assert isinstance(listed, VideoList) and len(listed) == 1
    pack(listed, tmp_path / "s", 10, 7)
    for place in ("s", str(tmp_path / "s")):
        shards = _source(settings("shards", place), project, tmp_path / "w")
        assert isinstance(shards, Shards) and len(shards) == 1
    assert (tmp_path / "w/shards.npz").exists()
    with pytest.raises(MespotError, match="not there, run `mespot gather` first"):
        _source(settings("crops", ""), project, tmp_path / "w")
