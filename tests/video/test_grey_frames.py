from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from mespot.crops.archive import CropReader
from mespot.faces.preprocess import preprocess_video
from mespot.video.frames import open_frames
from mespot.video.grey_frames import in_grey, luma, open_grey


@pytest.fixture
def video(scene, tmp_path):
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 480, 360, "yuv420p"
        for _, image in scene(count=8, motion=lambda i: (2.0 * i, 0, 0, 1)).iterate():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_grey_of_a_file_is_the_grey_of_its_colours(video):
    colour, grey = open_frames(video), open_grey(video)
    assert (grey.fps, grey.frames, grey.grey) == (colour.fps, colour.frames, False)
    for (index, image), (other, plane) in zip(colour.iterate(2), grey.iterate(2), strict=True):
        assert index == other and plane.shape == image.shape[:2] and plane.dtype == np.uint8
        # out-of-range colours are cut on the way to RGB, so single pixels may differ more
        away = np.abs(in_grey(image).astype(int) - plane)
        assert np.mean(away <= 3) > 0.98 and away.mean() < 2


@pytest.mark.parametrize("range_", ["UNSPECIFIED", "MPEG", "JPEG"])
@pytest.mark.parametrize("name", ["yuv420p", "yuvj420p", "yuv444p", "nv12", "yuv420p10le", "gbrp"])
def test_brightness_is_what_ffmpeg_converts_to(name, range_):
    pixels = np.random.default_rng(0).integers(0, 256, (36, 46, 3), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=name)
    frame.color_range = ColorRange[range_]
    if name not in ("yuv420p10le", "gbrp"):  # every level, also darker than black
        levels = np.frombuffer(frame.planes[0], np.uint8).copy()
        levels[:256] = np.arange(256)
        frame.planes[0].update(levels)
    found = luma(frame)
    if name in ("yuv420p10le", "gbrp"):
        assert found is None
    else:
        assert np.array_equal(found, frame.reformat(format="gray").to_ndarray())


def test_threads_and_grey_change_no_file_but_the_crops_depth(video, params, tmp_path):
    names = {"one": 1, "three": 3}
    for name, threads in names.items():
        source = open_grey(video, threads=threads)
        preprocess_video(source, "v", tmp_path / name, params, grey=True)
    for kind in ("zip", "npz", "json"):
        files = [(tmp_path / name / f"v.{kind}").read_bytes() for name in names]
        assert files[0] == files[1]
    colour = preprocess_video(open_frames(video), "v", tmp_path / "colour", params)
    grey = preprocess_video(open_grey(video), "v", tmp_path / "one", params, grey=True)
    # a grey level more or less moves the landmarks of the first frame a little, not the motion
    assert not grey.grey and np.abs(grey.landmarks - colour.landmarks).max() < 3
    assert np.abs(grey.head - colour.head).max() < 2e-3
    crop = CropReader(tmp_path / "one" / "v.zip").read(4, grey=True)
    assert crop.shape == (params.crop_size,) * 2


def test_grey_crops_do_not_pass_for_coloured_ones(scene, params, tmp_path):
    preprocess_video(scene(count=2), "v", tmp_path, params, grey=True)
    first = (tmp_path / "v.zip").read_bytes()
    preprocess_video(scene(count=2), "v", tmp_path, params)
    assert (tmp_path / "v.zip").read_bytes() != first


def test_an_error_while_decoding_leaves_nothing(scene, params, tmp_path):
    class Broken(scene):
        def iterate(self, stride=1):
            yield from list(super().iterate(stride))[:3]
            raise OSError("torn")

    with pytest.raises(OSError, match="torn"):
        preprocess_video(Broken(count=6), "v", tmp_path, params)
    assert list(tmp_path.iterdir()) == []
