"""Frame folders: formats, depths, broken and odd pictures."""

from __future__ import annotations

import io
import logging

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from mespot.core.errors import MespotError
from mespot.video.frames import open_frames
from tests.datasets import official
from tests.video.videos import brightness, picture


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


def test_name_that_lies_about_the_format(tmp_path):
    _, png = cv2.imencode(".png", picture(100)[..., ::-1])
    official.write_frames(tmp_path, ["1.png"], png.tobytes())
    official.write_frames(tmp_path, ["2.png"], simplejpeg.encode_jpeg(picture(100)))
    official.write_frames(tmp_path, ["3.png"], simplejpeg.encode_jpeg(picture(100))[:-60])
    frames = dict(open_frames(tmp_path, fps=30).iterate())
    assert sorted(frames) == [0, 1]  # a cut-off jpg is never filled up with grey
    assert [brightness(frame) for frame in frames.values()] == pytest.approx([100, 100], abs=2)
    other = tmp_path / "other"
    official.write_frames(other, ["1.jpg"], png.tobytes())
    _, frame = next(open_frames(other, fps=30).iterate())
    assert frame[4, 4, 0] > 180 and brightness(frame) == 100


def test_jpg_with_printing_colours(tmp_path):
    content = io.BytesIO()
    Image.fromarray(picture(100)).convert("CMYK").save(content, "JPEG", quality=95)
    official.write_frames(tmp_path, ["1.jpg"], content.getvalue())
    _, frame = next(open_frames(tmp_path, fps=30).iterate())
    assert frame[4, 4, 0] > 180 > 90 > frame[4, 4, 2]
    assert brightness(frame) == pytest.approx(100, abs=4)


def test_grey_and_colour_pictures_in_one_folder(tmp_path):
    official.write_frames(tmp_path, ["1.jpg"], simplejpeg.encode_jpeg(picture(90)))
    grey = np.full((32, 48, 1), 120, np.uint8)
    official.write_frames(tmp_path, ["2.jpg"], simplejpeg.encode_jpeg(grey, colorspace="GRAY"))
    frames = [frame for _, frame in open_frames(tmp_path, fps=30).iterate()]
    assert [frame.shape for frame in frames] == [(32, 48, 3)] * 2
    assert (np.ptp(frames[1], axis=2) == 0).all()  # grey with three channels
    assert brightness(frames[1]) == pytest.approx(120, abs=2)


def test_16_bit_colour_and_dark_beginning(tmp_path):
    # the first frame is black: the depth is that of the folder, not of its first frame
    for number, level in enumerate([0, 500, 1000]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((8, 10, 3), level, np.uint16))
    frames = [frame for _, frame in open_frames(tmp_path, fps=30).iterate()]
    assert [int(frame[0, 0, 0]) for frame in frames] == [0, 125, 250]
