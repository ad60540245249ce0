"""First and last frames of video files."""

from __future__ import annotations

from mespot.datasets.raw import RawVideo
from mespot.preflight.frames import ends_of, read_ends

from .test_dataset import write_video


def raw(path):
    return RawVideo("p", path.stem, path, "file", 25.0, None, False)


def test_a_whole_file(tmp_path):
    write_video(tmp_path / "a.avi", 60)
    ends = ends_of(raw(tmp_path / "a.avi"))
    assert (ends.first, ends.last, ends.faults) == ((32, 48), (32, 48), ())
    assert ends.frames == 60


def test_a_file_that_was_cut_off(tmp_path):
    path = tmp_path / "a.avi"
    write_video(path, 100)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.4)])
    ends = ends_of(raw(path))
    assert ends.first == (32, 48) and ends.last is None
    assert len(ends.faults) == 1 and str(path) in ends.faults[0]


def test_no_video_at_all(tmp_path):
    for name, content in (("empty.mp4", b""), ("text.mp4", b"no video\n" * 20)):
        (tmp_path / name).write_bytes(content)
    write_video(tmp_path / "whole.mp4", 10)
    half = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(half[: len(half) // 2])
    videos = [raw(tmp_path / f"{name}.mp4") for name in ("empty", "text", "half", "gone")]
    for ends in read_ends(videos):
        assert ends.first is None and ends.last is None
        assert len(ends.faults) == 1 and ends.video in ends.faults[0]
        assert "\n" not in ends.faults[0]


def test_of_many_videos_an_even_sample_is_opened(tmp_path, monkeypatch):
    write_video(tmp_path / "a.avi", 5)
    monkeypatch.setattr("mespot.preflight.frames.MOST_VIDEOS", 3)
    videos = [raw(tmp_path / "a.avi")] * 2
    assert len(read_ends(videos * 5)) == 3
    assert len(read_ends(videos)) == 2
