from __future__ import annotations

import logging
import struct
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
import simplejpeg

from mespot.data.frames import open_frames
from mespot.errors import MespotError

from . import official


def picture(value: int, height: int = 32, width: int = 48) -> np.ndarray:
    frame = np.full((height, width, 3), value, np.uint8)
    frame[: height // 2, : width // 2] = (250, 20, 20)  # red corner: tells RGB from BGR and turns
    return frame


def write_mp4(path, count, fps=25, noise=0):
    rng = np.random.default_rng(0)
    options = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        for index in range(count):
            pixels = picture(20 + 3 * index) + rng.integers(0, noise + 1, (32, 48, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def brightness(frame: np.ndarray) -> float:
    return float(frame[-8:, -8:].mean())


def test_video_file_is_streamed_in_order(tmp_path):
    source = open_frames(write_mp4(tmp_path / "a.mp4", 30))
    assert (source.fps, source.frames, source.grey) == (25.0, 30, False)
    assert source.numbers.tolist() == list(range(30))
    frames = list(source.iterate())
    assert [index for index, _ in frames] == list(range(30))
    assert frames[0][1].shape == (32, 48, 3) and frames[0][1].dtype == np.uint8
    assert np.allclose([brightness(f) for _, f in frames], [20 + 3 * i for i in range(30)], atol=4)
    assert frames[5][1][4, 4, 0] > 180 > 90 > frames[5][1][4, 4, 2]
    again = list(source.iterate(stride=7))
    assert [index for index, _ in again] == [0, 7, 14, 21, 28]
    assert all(np.array_equal(frame, frames[index][1]) for index, frame in again)


def test_frame_rates(tmp_path):
    path = write_mp4(tmp_path / "a.mp4", 12, fps=Fraction(30000, 1001))
    assert open_frames(path).fps == pytest.approx(29.97, abs=0.01)
    assert open_frames(path, fps=100).fps == 100.0


def test_rotation_flag_is_honoured(tmp_path):
    path = write_mp4(tmp_path / "a.mp4", 5)
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # display matrix of the track header
    one = 1 << 16
    assert struct.unpack_from(">3i", data, place) == (one, 0, 0)
    # a quarter turn clockwise on display, as phones held upright write it
    struct.pack_into(">9i", data, place, 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    _, frame = next(open_frames(path).iterate())
    assert frame.shape == (48, 32, 3)
    assert frame[4, -4, 0] > 180 and frame[4, 4, 0] < 90  # the red corner went to the right


def test_file_that_does_not_say_its_length(tmp_path):
    source = open_frames(write_mp4(tmp_path / "a.mkv", 12))
    assert source.frames is None and source.numbers is None
    assert sum(1 for _ in source.iterate()) == 12
    assert source.frames == 12 and source.numbers.tolist() == list(range(12))


@pytest.mark.parametrize("name", ["a.avi", "a.mp4"])
def test_broken_tail_ends_with_a_warning(tmp_path, caplog, name):
    path = write_mp4(tmp_path / name, 60, noise=60)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    source = open_frames(path)
    with caplog.at_level(logging.WARNING):
        count = sum(1 for _ in source.iterate())
    assert 5 < count < 60
    assert source.frames == count
    assert name in caplog.text


@pytest.mark.parametrize("content", [b"", b"no video at all" * 50])
def test_what_is_no_video_is_refused(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(MespotError, match="a.mp4: ") as caught:
        open_frames(path)
    assert "\n" not in str(caught.value)


def test_sound_without_picture_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(MespotError, match="found no video stream"):
        open_frames(path)


def test_missing_path_and_missing_rate(tmp_path):
    with pytest.raises(MespotError, match="not found"):
        open_frames(tmp_path / "nothing.mp4")
    with pytest.raises(MespotError, match="has no frame rate"):
        open_frames(tmp_path)
    with pytest.raises(MespotError, match="found no frame"):
        open_frames(tmp_path, fps=30)


def test_folder_is_sorted_by_the_last_integer(tmp_path):
    names = {"s01_9.jpg": 40, "s01_10.jpg": 80, "s01_101.jpg": 120}
    for name, value in names.items():
        (tmp_path / name).write_bytes(simplejpeg.encode_jpeg(picture(value)))
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("1")
    source = open_frames(tmp_path, fps=30)
    assert source.numbers.tolist() == [9, 10, 101]
    assert (source.frames, source.fps, source.grey) == (3, 30.0, False)
    frames = list(source.iterate())
    assert [index for index, _ in frames] == [0, 1, 2]
    assert [brightness(frame) for _, frame in frames] == pytest.approx([40, 80, 120], abs=3)
    assert frames[0][1][4, 4, 0] > 180


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp"])
@pytest.mark.parametrize("grey", [True, False])
def test_formats_and_channels(tmp_path, suffix, grey):
    frame = picture(100)
    written = frame[..., 1] if grey else frame[..., ::-1]
    cv2.imwrite(str(tmp_path / f"img1{suffix}"), written)
    source = open_frames(tmp_path, fps=30)
    assert source.grey == grey
    _, found = next(source.iterate())
    assert found.shape == ((32, 48) if grey else (32, 48, 3))
    expected = frame[..., 1] if grey else frame
    assert np.abs(found[-8:, -8:].astype(int) - expected[-8:, -8:]).max() < 4


def test_stride_reads_only_what_it_yields(tmp_path):
    official.write_frames(tmp_path, ["1.jpg", "3.jpg"], official.GREY)
    official.write_frames(tmp_path, ["2.jpg"], b"broken")
    assert [index for index, _ in open_frames(tmp_path, 30).iterate(stride=2)] == [0, 2]


def test_broken_picture_is_left_out_with_its_name(tmp_path, caplog):
    official.write_frames(tmp_path, ["1.jpg", "3.jpg"], official.GREY)
    official.write_frames(tmp_path, ["2.jpg"], official.GREY[:-40])
    source = open_frames(tmp_path, fps=30)
    with caplog.at_level(logging.WARNING):
        assert [index for index, _ in source.iterate()] == [0, 2]
    assert caplog.text.count("2.jpg") == 1


def test_broken_first_picture_does_not_hide_the_rest(tmp_path):
    official.write_frames(tmp_path, ["1.jpg"], b"")
    official.write_frames(tmp_path, ["2.jpg"], official.COLOUR)
    source = open_frames(tmp_path, fps=30)
    assert [index for index, _ in source.iterate()] == [1]
    assert source.grey is False


def test_frames_of_another_size_are_refused(tmp_path):
    for number, width in ((1, 48), (2, 40)):
        content = simplejpeg.encode_jpeg(picture(90, width=width))
        official.write_frames(tmp_path, [f"{number}.jpg"], content)
    message = "2.jpg: found 40x32 pixels, expected 48x32"
    with pytest.raises(MespotError, match=message):
        list(open_frames(tmp_path, fps=30).iterate())


def test_two_frames_with_one_number_are_refused(tmp_path):
    official.write_frames(tmp_path, ["img1.jpg", "img01.jpg"], official.GREY)
    with pytest.raises(MespotError, match="have the same number"):
        open_frames(tmp_path, fps=30)
