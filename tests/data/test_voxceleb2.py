from __future__ import annotations

import os

import pytest

from mespot.data import voxceleb2
from mespot.data.index import build_index
from mespot.data.load import read_events, read_videos
from mespot.params import load_params

DATA = load_params().data
CLIPS = ("id00012/21Uxsk56VDQ/00001", "id00012/21Uxsk56VDQ/00002", "id00015/-_aBcDeFgHi/00001")


def build(root, above):
    for clip in CLIPS:
        path = root / "voxceleb2" / above / f"{clip}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"never opened")
    (root / "voxceleb2" / above / "id00012" / "21Uxsk56VDQ" / "._00001.mp4").write_bytes(b"")
    (root / "voxceleb2" / above / "id00012" / "21Uxsk56VDQ" / "00001.txt").write_bytes(b"")


@pytest.mark.parametrize("above", ["dev/mp4", "", "vox2_dev_mp4"])
def test_clips_are_listed_but_not_opened(tmp_path, monkeypatch, above):
    build(tmp_path, above)
    real = open

    def opened(path, mode="r", *args, **kwargs):
        assert not str(path).endswith(".mp4")
        return real(path, mode, *args, **kwargs)

    monkeypatch.setattr("builtins.open", opened)
    build_index("voxceleb2", tmp_path, tmp_path / "out", DATA)
    videos = read_videos(tmp_path / "out" / "videos.csv")
    assert videos["video"].tolist() == [clip.replace("/", "_") for clip in CLIPS]
    assert videos["subject"].tolist() == ["id00012", "id00012", "id00015"]
    assert videos["path"][0].endswith("id00012/21Uxsk56VDQ/00001.mp4")
    assert set(videos["fps"]) == {25.0} and set(videos["frames"]) == {0}
    assert set(videos["kind"]) == {"file"}
    assert read_events(tmp_path / "out" / "events.csv").empty


def test_the_walk_is_lazy(tmp_path, monkeypatch):
    build(tmp_path, "dev/mp4")
    scanned = []
    real = os.scandir
    monkeypatch.setattr("os.scandir", lambda path: scanned.append(str(path)) or real(path))
    first = next(voxceleb2.clips(tmp_path / "voxceleb2"))
    assert first.video == "id00012_21Uxsk56VDQ_00001" and first.numbers is None
    assert not any("id00015" in path for path in scanned)


def test_a_new_clip_changes_the_table_and_nothing_else_does(tmp_path):
    build(tmp_path, "dev/mp4")
    tables = []
    for _ in range(2):
        build_index("voxceleb2", tmp_path, tmp_path / "out", DATA)
        tables.append((tmp_path / "out" / "videos.csv").read_bytes())
    assert tables[0] == tables[1]
    (tmp_path / "voxceleb2/dev/mp4" / f"{CLIPS[0]}.mp4").write_bytes(b"another one")
    build_index("voxceleb2", tmp_path, tmp_path / "out", DATA)
    assert (tmp_path / "out" / "videos.csv").read_bytes() != tables[0]
