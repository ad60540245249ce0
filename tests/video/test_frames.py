from __future__ import annotations

import logging
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
import simplejpeg

from mespot.core.errors import MespotError
from mespot.video.file_source import file_clock
from mespot.video.frames import open_frames
from tests.video import videos
from tests.video.videos import brightness, picture


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


@pytest.mark.parametrize(("degrees", "corner"), [(90, (4, -4)), (180, (-4, -4)), (270, (-4, 4))])
def test_rotation_flag_is_honoured(tmp_path, degrees, corner):
    path = videos.turn(write_mp4(tmp_path / "a.mp4", 5), degrees)
    _, frame = next(open_frames(path).iterate())
    assert frame.shape == ((32, 48, 3) if degrees == 180 else (48, 32, 3))
    assert frame[corner][0] > 180 and frame[4, 4, 0] < 90  # where the red corner went


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_container_without_a_table_of_its_frames(tmp_path, suffix):
    source = open_frames(videos.write_video(tmp_path / f"a{suffix}"))
    assert (source.fps, source.frames, source.clock.kind) == (25.0, 48, "constant")
    assert videos.numbers(frame for _, frame in source.iterate()) == list(range(48))


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


def test_cut_off_matroska_says_so(tmp_path, caplog):
    path = videos.write_video(tmp_path / "a.mkv", noise=30, times=np.arange(48) / 12)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = open_frames(path)
    with caplog.at_level(logging.WARNING):
        found = [index for index, _ in source.iterate()]
    assert 10 < len(found) < 40 and source.frames == len(found)
    assert "the file states 4.0 s" in caplog.text


def damaged(path, how):
    data = bytearray(videos.write_video(path, noise=30, keys=8).read_bytes())
    middle = len(data) // 2
    if how == "zeroed":
        data[middle : middle + 3000] = bytes(3000)
    else:
        places = np.random.default_rng(1).integers(middle, middle + len(data) // 8, 60)
        for place in places:
            data[place] ^= 0x5A
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("how", ["zeroed", "flipped"])
def test_broken_middle_costs_its_own_frames_only(tmp_path, caplog, how):
    source = open_frames(damaged(tmp_path / "a.mp4", how))
    with caplog.at_level(logging.WARNING):
        frames = list(source.iterate())
    index = [index for index, _ in frames]
    assert index[0] == 0 and index[-1] == 47 and 20 < len(index) < 48
    # what is left keeps its place: the number on the frame is its index
    own = np.array(videos.numbers(frame for _, frame in frames))
    off = np.abs(own - index) > 1
    # flipped bits may also decode to a wrong picture, which nothing can tell
    assert off.sum() <= (0 if how == "zeroed" else 3)
    assert own[-1] == 47
    assert caplog.text.count("a.mp4: decoded") == 1 and "of 48 frames" in caplog.text
    assert source.frames == 48


@pytest.mark.parametrize("how", ["zeroed", "flipped", "cut", "none"])
def test_threads_of_the_decoder_change_no_frame(tmp_path, caplog, how):
    path = damaged(tmp_path / "a.mp4", how) if how in ("zeroed", "flipped") else None
    if path is None:
        path = videos.write_video(tmp_path / "a.mkv", noise=30)
        if how == "cut":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    read, texts = [], []
    for threads in (1, 3):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            read.append(list(open_frames(path, threads=threads).iterate()))
        texts.append([record.getMessage().partition(" (")[0] for record in caplog.records])
    assert [index for index, _ in read[0]] == [index for index, _ in read[1]]
    same = [np.array_equal(one, other) for (_, one), (_, other) in zip(*read, strict=True)]
    assert all(same) or how == "flipped"  # FFmpeg patches up wrong pictures with what it has
    assert texts[0] == texts[1] and bool(texts[0]) == (how != "none")


UNEVEN = np.cumsum(np.random.default_rng(3).uniform(0.02, 0.06, 48))


def shown(times, fps, frames):
    """The rule in plain words: the last frame that is not after the middle of the period."""
    times = np.asarray(times) - times[0]
    return [int(np.flatnonzero(times <= (i + 0.5) / fps)[-1]) for i in range(frames)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("pause", [0.0, 1.0])
def test_variable_rate_is_put_on_a_grid(tmp_path, caplog, suffix, pause):
    times = UNEVEN + pause * (np.arange(48) >= 30)
    source = open_frames(videos.write_video(tmp_path / f"a{suffix}", times=times))
    announced = source.frames
    with caplog.at_level(logging.INFO):
        frames = list(source.iterate())
    assert caplog.text.count("variable frame rate") == 1
    assert [index for index, _ in frames] == list(range(announced))
    assert source.frames == announced
    assert (announced - 1) / source.fps == pytest.approx(times[-1] - times[0], abs=0.5 / 20)
    found = videos.numbers(frame for _, frame in frames)
    expected = shown(times, source.fps, announced)
    wrong = np.flatnonzero(np.array(found) != expected)
    # time stamps of mkv are whole ms: a frame just on the border may fall either way
    assert wrong.size == 0 if suffix == ".mp4" else wrong.size <= 2
    strided = list(source.iterate(stride=3))
    assert [index for index, _ in strided] == list(range(0, announced, 3))
    assert all(np.array_equal(frame, frames[index][1]) for index, frame in strided)


def test_dropped_frames_leave_the_others_where_they_were(tmp_path):
    times = np.delete(np.arange(48), [10, 11, 30]) / 25
    source = open_frames(videos.write_video(tmp_path / "a.mp4", times=times))
    assert (source.fps, source.frames) == (25.0, 48)
    found = videos.numbers(frame for _, frame in source.iterate())
    assert found[:13] == [*range(10), 9, 9, 10] and found[29:32] == [27, 27, 28]


def test_given_rate_keeps_or_overrules_the_clock_of_the_file(tmp_path, caplog):
    path = videos.write_video(tmp_path / "a.mp4", times=UNEVEN)
    near = open_frames(path, 1.005 * file_clock(path).fps)
    assert near.clock.kind == "variable"
    # a high-speed recording that is stored at another rate: frames count, not the clock
    fast = open_frames(path, 200.0)
    with caplog.at_level(logging.INFO):
        assert videos.numbers(frame for _, frame in fast.iterate()) == list(range(48))
    assert "overruled" in caplog.text and fast.frames == 48
    even = open_frames(videos.write_video(tmp_path / "b.mp4"), 25.1)
    assert videos.numbers(frame for _, frame in even.iterate()) == list(range(48))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_late_first_time_stamp_shifts_nothing(tmp_path, suffix):
    path = videos.write_video(tmp_path / f"a{suffix}", times=2.3 + np.arange(48) / 25)
    source = open_frames(path)
    assert source.frames == 48
    frames = list(source.iterate())
    assert [index for index, _ in frames] == videos.numbers(frame for _, frame in frames)
    assert len(frames) == 48


def test_hidden_frames_of_a_cut_clip_do_not_count(tmp_path, caplog):
    whole = videos.write_video(tmp_path / "whole.mp4")
    source = open_frames(videos.cut_copy(whole, tmp_path / "cut.mp4", 0.8))
    with caplog.at_level(logging.WARNING):
        found = videos.numbers(frame for _, frame in source.iterate())
    assert found == [20, *range(21, 48)] and source.frames == 28
    assert not caplog.text


def test_a_time_stamp_that_leaps_does_not_fill_hours(tmp_path):
    times = UNEVEN + 3600.0 * (np.arange(48) >= 24)
    source = open_frames(videos.write_video(tmp_path / "a.mkv", times=times))
    assert 40 < source.frames < 60
    assert len(list(source.iterate())) == source.frames


def test_odd_sizes(tmp_path):
    path = videos.write_video(tmp_path / "a.mp4", 3, codec="mpeg4", size=(241, 321))
    frames = [frame for _, frame in open_frames(path).iterate()]
    assert [frame.shape for frame in frames] == [(241, 321, 3)] * 3
    assert np.abs(frames[1][[0, -1]][:, [0, -1]].astype(int) - 24).max() <= 3


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_grey_levels_of_16_bits_are_scaled_by_the_bits_in_use(tmp_path, bits):
    top = (1 << bits) - 1
    frames = [np.full((32, 40), round(share * top), np.uint16) for share in (0.9, 0.2, 0.5)]
    stream = open_frames(videos.write_deep(tmp_path / "a.mkv", frames, "gray16le"))
    folder = tmp_path / "folder"
    folder.mkdir()
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{number}.png"), frame)
    for source in (stream, open_frames(folder, 25)):
        assert source.grey
        found = [frame for _, frame in source.iterate()]
        assert all(frame.dtype == np.uint8 and frame.shape == (32, 40) for frame in found)
        assert [int(frame[0, 0]) for frame in found] == pytest.approx([230, 51, 128], abs=1)


@pytest.mark.parametrize("pixels", ["gray10le", "gray12le", "yuv420p10le", "yuv444p12le"])
def test_10_and_12_bits_are_scaled_by_their_format(tmp_path, pixels):
    frames = [np.full((32, 40), 257 * level, np.uint16) for level in (30, 128, 220)]
    source = open_frames(videos.write_deep(tmp_path / "a.mkv", frames, pixels))
    assert source.grey == pixels.startswith("gray")
    found = [float(np.median(frame)) for _, frame in source.iterate()]
    assert found == pytest.approx([30, 128, 220], abs=2)


def test_cover_picture_is_not_the_video(tmp_path):
    path = tmp_path / "a.mp4"
    cover = simplejpeg.encode_jpeg(picture(250, 64, 64))
    with av.open(str(path), "w") as container:
        thumb = container.add_stream("mjpeg", rate=1)
        thumb.width, thumb.height, thumb.pix_fmt = 64, 64, "yuvj444p"
        thumb.disposition = av.stream.Disposition.attached_pic
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        packet = av.Packet(cover)
        packet.stream, packet.pts, packet.dts = thumb, 0, 0
        packet.is_keyframe = True
        container.mux(packet)
        for level in videos.levels(20):
            pixels = np.full((32, 48, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    source = open_frames(path)
    assert source.frames == 20
    assert videos.numbers(frame for _, frame in source.iterate()) == list(range(20))


def test_size_that_changes_within_a_file_is_refused(tmp_path):
    parts = []
    for height in (32, 48):
        path = tmp_path / f"{height}.ts"
        parts.append(videos.write_video(path, 12, size=(height, 64)).read_bytes())
    (tmp_path / "a.ts").write_bytes(b"".join(parts))
    with pytest.raises(MespotError, match="a.ts: found 64x48 pixels, expected 64x32"):
        list(open_frames(tmp_path / "a.ts").iterate())


def test_text_that_ffmpeg_would_draw_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("onset offset\n" * 50)
    with pytest.raises(MespotError, match="notes.txt: found a text file, expected a video"):
        open_frames(tmp_path / "notes.txt")


def test_clock_of_a_file_agrees_with_its_frames(tmp_path):
    for name, times in (("a.mp4", None), ("b.mp4", UNEVEN), ("c.mkv", UNEVEN)):
        path = videos.write_video(tmp_path / name, times=times)
        clock, source = file_clock(path), open_frames(path)
        assert (clock.fps, clock.frames) == (source.fps, source.frames)


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
