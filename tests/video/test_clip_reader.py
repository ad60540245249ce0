from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import simplejpeg

from mespot.core.errors import MespotError
from mespot.core.watchdog import before_fork, call_within
from mespot.video import random_access
from mespot.video.clip_reader import ClipReader
from mespot.video.frames import open_frames
from tests.video import videos

UNEVEN = np.cumsum(np.random.default_rng(3).uniform(0.02, 0.06, 48))


def write_folder(folder, count=20):
    folder.mkdir(parents=True, exist_ok=True)
    for index, level in enumerate(videos.levels(count)):
        frame = np.full((32, 40, 3), level, np.uint8)
        (folder / f"img{index + 5}.jpg").write_bytes(simplejpeg.encode_jpeg(frame))
    return folder


def made(tmp_path, name):
    """One file of every sort that decord and PyAV may see differently."""
    path = tmp_path / name.split("/")[-1]
    sort = name.split("/")[0]
    if sort == "vfr":
        return videos.write_video(path, times=UNEVEN)
    if sort == "late":
        return videos.write_video(path, times=2.3 + np.arange(48) / 25)
    if sort == "cut":
        return videos.cut_copy(videos.write_video(tmp_path / "whole.mp4"), path, 0.8)
    if sort.startswith("turn"):
        return videos.turn(videos.write_video(path), int(sort[4:]))
    if sort == "deep":
        frames = [np.full((32, 40), 16 * level, np.uint16) for level in videos.levels(48)]
        return videos.write_deep(path, frames, "gray16le")
    if sort == "odd":
        return videos.write_video(path, codec="mpeg4", size=(241, 321))
    return videos.write_video(
        path, codec={"avi": "mpeg4", "webm": "libvpx-vp9"}.get(sort, "libx264")
    )


SORTS = [
    "x/a.mp4", "x/a.mkv", "x/a.ts", "webm/a.webm", "avi/a.avi", "vfr/a.mp4", "vfr/a.mkv",
    "late/a.mp4", "late/a.mkv", "cut/a.mp4", "turn90/a.mp4", "turn180/a.mp4", "turn270/a.mp4",
    "deep/a.mkv", "odd/a.mp4",
]  # fmt: skip


@pytest.mark.parametrize("name", SORTS)
def test_random_access_gives_the_frames_of_the_stream(tmp_path, name):
    path = made(tmp_path, name)
    source = open_frames(path)
    streamed = [frame for _, frame in source.iterate()]
    reader = ClipReader(path, "file")
    assert (reader.frames, reader.fps) == (len(streamed), source.fps)
    rng = np.random.default_rng(0)
    for wanted in (rng.integers(0, reader.frames, 16), np.arange(reader.frames)[::-3]):
        clip = reader.read(wanted)
        assert clip.dtype == np.uint8 and clip.shape[3] == 3
        for frame, index in zip(clip, wanted, strict=True):
            expected = streamed[index] if streamed[index].ndim == 3 else streamed[index][..., None]
            assert frame.shape[:2] == expected.shape[:2]
            assert np.abs(frame.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("name", ["x/a.mp4", "x/a.mkv", "x/a.ts", "cut/a.mp4", "vfr/a.mp4"])
def test_a_file_too_large_to_hold_is_read_by_seeking(tmp_path, name, monkeypatch):
    path = made(tmp_path, name)
    wanted = np.array([25, 3, 26, 14])
    held = ClipReader(path, "file").read(wanted)
    monkeypatch.setattr(random_access, "_HELD", 0)
    reader = ClipReader(path, "file")
    for _ in range(2):
        assert np.array_equal(reader.read(wanted), held)
        reader.close()


def test_frames_that_nobody_asks_for_or_builds_on_are_not_decoded(tmp_path, monkeypatch):
    path = videos.write_video(tmp_path / "a.mp4", keys=48)
    decoded = []
    keep = random_access.RandomFrames._keep
    monkeypatch.setattr(
        random_access.RandomFrames,
        "_keep",
        lambda self, frames, *rest: decoded.extend(frames) or keep(self, frames, *rest),
    )
    wanted = np.arange(20, 36, 4)
    assert videos.numbers(ClipReader(path, "file").read(wanted)) == wanted.tolist()
    assert len(decoded) < 30  # of the 36 up to the last one, and none after it


def test_frames_without_time_stamps_are_counted(tmp_path, monkeypatch):
    path = videos.write_video(tmp_path / "a.mp4")
    learn = random_access.RandomFrames._learn

    def learnt(self, *arguments):
        learn(self, *arguments)
        self._packets = self._packets._replace(ticks=np.empty(0, np.int64))

    monkeypatch.setattr(random_access.RandomFrames, "_learn", learnt)
    wanted = np.array([40, 3, 3, 17])
    assert videos.numbers(ClipReader(path, "file").read(wanted)) == wanted.tolist()


def test_every_frame_is_the_one_asked_for(tmp_path):
    reader = ClipReader(videos.write_video(tmp_path / "a.mp4"), "file")
    wanted = np.array([47, 3, 3, 0, 21, 22, 11, 46])
    assert videos.numbers(reader.read(wanted)) == wanted.tolist()


@pytest.mark.parametrize("name", ["x/a.mp4", "turn90/a.mp4", "folder", "picture"])
def test_output_size(tmp_path, name):
    if name in ("folder", "picture"):
        path = write_folder(tmp_path / "f")
        path = path if name == "folder" else path / "img5.jpg"
        reader = ClipReader(path, name, fps=25, size=(24, 30))
    else:
        reader = ClipReader(made(tmp_path, name), "file", size=(24, 30))
    clip = reader.read(np.array([0, 4]))
    assert clip.shape == (2, 24, 30, 3)
    assert videos.numbers(clip) == ([0, 0] if name == "picture" else [0, 4])


def test_folder_is_listed_once(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "f")
    reader = ClipReader(folder, "folder", fps=30)
    assert (reader.frames, reader.fps) == (20, 30.0)
    from mespot.video import clip_reader

    def refuse(_):
        raise AssertionError("listed again")

    monkeypatch.setattr(clip_reader, "frame_files", refuse)
    again = pickle.loads(pickle.dumps(reader))
    for one in (reader, again):
        assert videos.numbers(one.read(np.array([19, 0, 7, 7]))) == [19, 0, 7, 7]


def test_picture_answers_any_index(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.full((10, 12), 500, np.uint16))
    reader = ClipReader(path, "picture")
    assert reader.frames == 1
    clip = reader.read(np.arange(16))
    assert clip.shape == (16, 10, 12, 3) and (clip == 125).all()  # 10 of 16 bits in use


def one_line(error) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_cannot_be_read_is_one_line(tmp_path):
    path = videos.write_video(tmp_path / "a.mp4", noise=30)
    folder = write_folder(tmp_path / "f")
    with pytest.raises(MespotError, match="a.mp4: found frame 48 asked for, expected 0 to 47"):
        ClipReader(path, "file").read(np.array([3, 48]))
    with pytest.raises(MespotError, match="found frame -1"):
        ClipReader(folder, "folder", fps=25).read(np.array([-1]))
    with pytest.raises(MespotError, match="not found"):
        ClipReader(tmp_path / "none.mp4", "file")
    with pytest.raises(MespotError, match="no frame rate"):
        ClipReader(folder, "folder")
    with pytest.raises(MespotError, match="found kind 'clip'"):
        ClipReader(path, "clip")
    (folder / "img7.jpg").write_bytes(b"\xff\xd8 broken")
    with pytest.raises(MespotError, match="img7.jpg: cannot be decoded"):
        ClipReader(folder, "folder", fps=25).read(np.array([0, 1, 2]))
    (folder / "img6.jpg").write_bytes(simplejpeg.encode_jpeg(np.zeros((9, 9, 3), np.uint8)))
    with pytest.raises(MespotError, match="img6.jpg: found 9x9 pixels, expected 40x32"):
        ClipReader(folder, "folder", fps=25).read(np.array([0, 1]))
    data = bytearray(path.read_bytes())
    for broken in (b"", b"no video" * 99, bytes(data[: len(data) * 2 // 3]), zeroed(data)):
        path.write_bytes(broken)
        with pytest.raises(MespotError, match="a.mp4: ") as error:
            ClipReader(path, "file").read(np.arange(40))
        one_line(error)


def zeroed(data: bytearray) -> bytes:
    middle = len(data) // 2
    return bytes(data[:middle]) + bytes(3000) + bytes(data[middle + 3000 :])


def test_reader_goes_on_after_a_broken_clip(tmp_path):
    path = videos.write_video(tmp_path / "a.mp4", noise=30)
    path.write_bytes(zeroed(bytearray(path.read_bytes())))
    reader = ClipReader(path, "file")
    with pytest.raises(MespotError):
        reader.read(np.arange(48))
    assert reader.read(np.arange(5)).shape[0] == 5


class Clips:
    """A data set of videos, as torch's loader wants it."""

    def __init__(self, readers) -> None:
        self.readers = readers

    def __len__(self) -> int:
        return 8 * len(self.readers)

    def __getitem__(self, index):
        reader = self.readers[index % len(self.readers)]
        wanted = np.random.default_rng(index).integers(0, reader.frames, 4)
        return wanted, np.array(videos.numbers(reader.read(wanted)))


@pytest.mark.slow
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_loader_workers_read_clips(tmp_path, start):
    data = pytest.importorskip("torch.utils.data")
    readers = [
        ClipReader(videos.write_video(tmp_path / "a.mp4"), "file", limit=30.0),
        ClipReader(write_folder(tmp_path / "f"), "folder", fps=25),
        ClipReader(videos.write_video(tmp_path / "b.mkv"), "file", limit=30.0),
    ]
    for reader in readers:
        reader.read(np.array([1]))  # opened here: a worker must not go on with it
    before_fork()
    loader = data.DataLoader(
        Clips(readers), batch_size=4, num_workers=2, multiprocessing_context=start, timeout=600
    )
    seen = 0
    for wanted, found in loader:
        assert np.array_equal(wanted, found)
        seen += len(wanted)
    assert seen == 24
    assert videos.numbers(readers[0].read(np.array([9]))) == [9]


def hang() -> None:
    from pathlib import Path

    call_within(0.3, Path("some/film.mp4"), lambda: time.sleep(20))


def test_a_reading_that_hangs_ends_the_worker_and_names_the_file(capfd):
    before_fork()
    worker = multiprocessing.get_context("fork").Process(target=hang)
    worker.start()
    worker.join(10)
    assert worker.exitcode == 1
    text = capfd.readouterr().err
    assert "Timeout" in text and "some/film.mp4" in text


def test_the_main_process_is_never_ended(tmp_path):
    from pathlib import Path

    assert call_within(0.05, Path("a.mp4"), lambda: time.sleep(0.2) or 7) == 7


def test_data_needs_no_torch():
    code = "import sys; sys.modules['torch'] = None; import mespot.video.clip_reader"
    subprocess.run([sys.executable, "-c", code], check=True)


DECORD = ["x/a.mp4", "x/a.mkv", "webm/a.webm", "avi/a.avi", "vfr/a.mp4", "vfr/a.mkv", "late/a.mp4",
          "late/a.mkv", "turn180/a.mp4", "odd/a.mp4"]  # fmt: skip


@pytest.mark.parametrize("name", DECORD)
def test_decord_reads_the_same_frames_where_it_is_installed(tmp_path, name):
    pytest.importorskip("decord")
    path = made(tmp_path, name)
    with ClipReader(path, "file") as reader, ClipReader(path, "file", decoder="decord") as other:
        assert (other.frames, other.fps) == (reader.frames, reader.fps)
        wanted = np.random.default_rng(1).integers(0, reader.frames, 16)
        for again in (other, pickle.loads(pickle.dumps(other))):
            found = again.read(wanted)
            assert np.abs(found.astype(int) - reader.read(wanted)).max() <= 2
        assert videos.numbers(found) == videos.numbers(reader.read(wanted))
    with ClipReader(path, "file", size=(24, 30), decoder="decord") as small:
        assert small.read(wanted).shape == (16, 24, 30, 3)


@pytest.mark.parametrize("name", ["x/a.ts", "turn90/a.mp4", "deep/a.mkv", "cut/a.mp4"])
def test_what_decord_reads_wrongly_is_refused_in_one_line(tmp_path, name):
    pytest.importorskip("decord")
    with pytest.raises(MespotError, match="or the decoder pyav"):
        ClipReader(made(tmp_path, name), "file", decoder="decord").read(np.array([0, 5]))


def test_without_decord_its_absence_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "decord", None)
    path = videos.write_video(tmp_path / "a.mp4")
    with pytest.raises(MespotError, match="not installed, expected `pip install decord`"):
        ClipReader(path, "file", decoder="decord")
    assert videos.numbers(ClipReader(path, "file").read(np.array([7]))) == [7]
