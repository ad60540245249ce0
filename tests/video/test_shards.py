from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.video.shards import Shards, pack
from mespot.video.video_list import VideoList
from tests.video import videos


@pytest.fixture
def listed(tmp_path):
    """Seven videos of different lengths and one name without a file."""
    for row in range(7):
        videos.write_video(tmp_path / f"{row}.mp4", count=20 + row, size=(16, 16))
    lines = [f"{row}.mp4 0\n" for row in range(7)] + ["gone.mp4 0\n"]
    (tmp_path / "list.txt").write_text("".join(lines))
    return VideoList(tmp_path / "list.txt")


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_packed_videos_come_back_whole_and_each_once(listed, tmp_path):
    assert pack(listed, tmp_path / "s", 3, 7) == 3
    shards = Shards(tmp_path / "s", tmp_path / "t.npz", 2)
    assert len(shards) == 7
    frames = []
    for row in range(7):
        reader = shards.open(row)
        frames.append(reader.clock.frames)
        last = reader.clock.frames - 1
        assert videos.numbers(reader.read(np.array([last, 5]))) == [last, 5]
        reader.close()
        assert videos.numbers(reader.read(np.array([2]))) == [2]
    assert sorted(frames) == list(range(20, 27))
    assert frames != sorted(frames)  # shuffled when they were packed


def test_packing_again_gives_the_same_bytes_and_an_interrupted_one_goes_on(listed, tmp_path):
    pack(listed, tmp_path / "a", 3, 7)
    pack(listed, tmp_path / "b", 3, 7)
    whole = contents(tmp_path / "a")
    assert contents(tmp_path / "b") == whole
    (tmp_path / "b/shard-000001.tar").unlink()
    pack(listed, tmp_path / "b", 3, 7)
    assert contents(tmp_path / "b") == whole


def test_an_order_stays_within_a_few_shards_at_a_time(listed, tmp_path):
    pack(listed, tmp_path / "s", 2, 7)
    shards = Shards(tmp_path / "s", tmp_path / "t.npz", 2)
    of_row = [shards.name(row).split("@")[0] for row in range(len(shards))]
    orders = {tuple(shards.order(np.random.default_rng(seed)).tolist()) for seed in range(9)}
    assert len(orders) > 5
    for order in orders:
        assert sorted(order) == list(range(7))
        names = [of_row[row] for row in order]
        sizes = {name: of_row.count(name) for name in names}
        # the first two shards are used up before a third one begins
        first = list(dict.fromkeys(names))[:2]
        assert set(names[: sum(sizes[name] for name in first)]) <= set(first)


def test_the_table_is_kept_and_made_anew_when_a_shard_differs(listed, tmp_path, monkeypatch):
    pack(listed, tmp_path / "s", 4, 7)
    Shards(tmp_path / "s", tmp_path / "t.npz", 2)
    from mespot.video import shards as module

    monkeypatch.setattr(module, "_members", lambda paths: pytest.fail("listed again"))
    assert len(Shards(tmp_path / "s", tmp_path / "t.npz", 2)) == 7
    monkeypatch.undo()
    extra = tmp_path / "s/shard-000009.tar"
    content = (tmp_path / "0.mp4").read_bytes()
    with tarfile.open(extra, "w") as archive:
        for name in ("x.mp4", "x.json"):  # as webdataset writes: other members beside the video
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert len(Shards(tmp_path / "s", tmp_path / "t.npz", 2)) == 8


def test_what_is_wrong_with_shards_is_one_line(listed, tmp_path):
    (tmp_path / "s").mkdir()
    with pytest.raises(MespotError, match="s: found no .tar file"):
        Shards(tmp_path / "s", tmp_path / "t.npz", 2)
    (tmp_path / "s/a.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(MespotError, match="a.tar: not a readable tar file"):
        Shards(tmp_path / "s", tmp_path / "t.npz", 2)
    (tmp_path / "s/a.tar").unlink()
    pack(listed, tmp_path / "s", 8, 7)
    shards = Shards(tmp_path / "s", tmp_path / "t.npz", 2)
    path = tmp_path / "s/shard-000000.tar"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(MespotError, match="shard-000000.tar: cut off"):
        shards.open(6)
