from __future__ import annotations

import numpy as np
import pytest

from mespot.faces import detector


@pytest.fixture
def hog(tmp_path, monkeypatch):
    """The face detector, loaded anew with a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    yield detector._hog.__wrapped__
    detector._hog.cache_clear()


def boxes(found, image):
    rectangles, scores, _ = found.run(image, 0, 0.0)
    return [(box.left(), box.top(), box.right()) for box in rectangles], list(scores)


def test_the_cached_detector_finds_the_same(hog, scene, tmp_path):
    image = scene(grey=True).image(0).mean(axis=2).astype(np.uint8)
    first = boxes(hog(), image)
    (cached,) = (tmp_path / "mespot").iterdir()
    assert len(first[0]) == 1 and boxes(hog(), image) == first
    cached.write_bytes(b"no detector")
    assert boxes(hog(), image) == first


def test_a_cache_that_cannot_be_written_is_no_fault(hog, tmp_path, monkeypatch):
    (tmp_path / "mespot").write_text("a file where the folder should be")
    assert hog() is not None


def test_faces_down_to_the_given_share_are_found(scene):
    image = scene(grey=True).image(0).mean(axis=2).astype(np.uint8)
    found = [detector.DlibDetector().detect(image, smallest) for smallest in (1 / 6, 1 / 3)]
    assert [len(faces) for faces in found] == [1, 1]
    away = found[0][0].landmarks - found[1][0].landmarks
    assert np.hypot(*away.T).mean() < 0.02 * found[0][0].width
