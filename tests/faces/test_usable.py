from __future__ import annotations

import logging

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.faces.preprocess import preprocess_video
from mespot.faces.usable import FEW_CONTRAST, FEW_IOD, LEAST_IOD, Light, check_usable


def refusal(found, iod=60.0, pixels=None) -> str:
    light = Light()
    if not all(found):
        light.add(np.zeros((8, 8), np.uint8) if pixels is None else pixels, False)
    with pytest.raises(MespotError) as error:
        check_usable("v", np.array(found), 10.0, iod, 0.5, light)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_no_face_says_what_was_looked_for_and_what_the_picture_is_like():
    flat = np.full((8, 8), 120, np.uint8)
    chess = np.uint8(200 * (np.indices((8, 8)).sum(axis=0) % 2))
    for pixels, reason in (
        (flat // 20, "dark (mean grey level 6 of 255), light the face"),
        (flat + 130, "overexposed (mean grey level 250 of 255)"),
        (flat, "no contrast"),
        (chess, "both eyes and the nose"),
    ):
        message = refusal([False] * 20, np.nan, pixels)
        assert message.startswith("video v: no face found in 20 frames (2.0 s), looked for upright")
        assert reason in message


def test_face_too_seldom_says_where_it_is():
    found = [True] * 3 + [False] * 20 + [True] * 5 + [False] * 2
    message = refusal(found)
    assert "a face was found in 27% of 30 frames, expected at least 50%" in message
    assert "longest: 2.3 to 2.8 s" in message and "min_face_share" in message


def test_face_too_small_is_refused_and_a_small_one_warned_of(caplog):
    assert "9.0 px between the eyes, expected at least 12" in refusal([True] * 4, 9.0)
    for iod, lines in ((LEAST_IOD, 1), (FEW_IOD, 0)):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            check_usable("v", np.ones(4, bool), 10.0, iod, 0.5, Light())
        assert len(caplog.records) == lines


def test_small_face_of_a_video_is_measured_in_the_frame(scene, params, tmp_path):
    source = scene(count=3, grey=True, zoom=0.22, shape=(90, 120))
    with pytest.raises(MespotError, match=r"video tiny: the face has [\d.]+ px between the eyes"):
        preprocess_video(source, "tiny", tmp_path, params)
    assert list(tmp_path.iterdir()) == []


def test_face_without_contrast_is_warned_of(caplog):
    chess = np.indices((8, 8)).sum(axis=0) % 2
    for contrast, lines in ((FEW_CONTRAST - 1, 1), (FEW_CONTRAST + 1, 0)):
        light = Light()
        light.add(np.uint8(2 * contrast * chess), True)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            check_usable("v", np.ones(4, bool), 10.0, 60.0, 0.5, light)
        assert [record.getMessage()[:33] for record in caplog.records] == (
            ["v: the face has little contrast ("] * lines
        )
