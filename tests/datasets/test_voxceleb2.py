from __future__ import annotations

import tracemalloc

import pytest

from mespot.datasets import voxceleb2
from mespot.datasets.index import build_index
from mespot.params import load_params
from mespot.tables.load import read_events, read_videos

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


def test_a_clip_costs_a_few_bytes_until_it_is_looked_at(tmp_path, monkeypatch):
    def found(root):
        for video in range(3000):
            names = [f"{clip:05d}.mp4" for clip in range(30)]
            yield "id00012", f"v{video:011d}", f"{root}/id00012/v{video:011d}", names

    monkeypatch.setattr(voxceleb2, "_videos", found)
    tracemalloc.start()
    tree = voxceleb2.ClipTree(tmp_path)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(tree) == 90_000 and held < 40 * len(tree)
    last = tree[-1]
    assert last.video == "id00012_v00000002999_00029" and last.numbers is None
    assert last.path == tmp_path / "id00012/v00000002999/00029.mp4"
    assert [one.video for one in tree[29:31]] == [tree[29].video, tree[30].video]


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
