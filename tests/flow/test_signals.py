"""What `refine` is told from outside: the voice, and where the face rests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.core.files import read_npz, write_npz
from mespot.flow.pooling import pool_video
from mespot.flow.refine import refine
from mespot.flow.signals import FlowSignals
from mespot.params import load_params

from .scenes import Scene, event, script

FPS = 30.0
FLOW = load_params().flow


@pytest.fixture(scope="module")
def measured():
    """Two seconds, of which a smile fills the second half: pooled, track."""
    scene = Scene(script(2.0, [event("mae", "smile", 0.9, 2.4, 0.06)]), FPS)
    track = scene.track()
    return pool_video(scene, track, FLOW), track


def corner(signals):
    return signals.displacement[:, signals.regions.index("lip_corner_r")]


def test_the_stated_stretch_is_the_level_of_the_whole_video(measured):
    start, end = (
        refine(*measured, FLOW, neutral=(0.0, 0.5)),
        refine(*measured, FLOW, neutral=(1.9, 2)),
    )
    np.testing.assert_allclose(start.displacement[:16].mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(end.displacement[57:].mean(axis=0), 0.0, atol=1e-6)
    shift = corner(start) - corner(end)
    np.testing.assert_allclose(shift, shift[:1].repeat(len(shift), axis=0), atol=1e-6)
    assert np.linalg.norm(shift[0]) > 0.02
    assert np.linalg.norm(corner(start)[-3:], axis=1).min() > 0.02  # the smile is one


def test_a_stretch_between_two_samples_has_one(measured):
    signals = refine(*measured, FLOW, neutral=(0.51, 0.51))
    np.testing.assert_allclose(signals.displacement[15], 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("span", "expected"),
    [((0.2, 0.5), "neutral from 0.2 to 0.5 s: no face there"), ((5, 6), "outside of the video")],
)
def test_a_stretch_without_a_face_is_an_error(measured, span, expected):
    pooled, track = measured
    success = track.success.copy()
    success[:20] = False
    with pytest.raises(MespotError, match=expected):
        refine(pooled, replace(track, success=success), FLOW, neutral=span)


def test_the_voice_of_the_crops_frames_raises_speech(measured):
    pooled, track = measured
    frames = 4 * track.frames  # crops of every fourth frame
    thinned = replace(track, frame=4 * track.frame, frames=frames, fps=4 * FPS)
    voice = np.where(np.arange(frames) < frames // 2, 0.0, 1.0).astype(np.float32)
    silent, heard = refine(pooled, thinned, FLOW), refine(pooled, thinned, FLOW, voice)
    assert silent.speech.shape == (60,) and silent.speech.dtype == np.float32
    assert 0.0 <= silent.speech.min() and silent.speech.max() <= 1.0
    assert (heard.speech[:20] <= silent.speech[:20]).all()
    assert (heard.speech[35:] >= silent.speech[35:]).all()
    assert heard.speech[35:].max() > silent.speech[35:].max()


def test_signals_without_speech_are_refused_by_name(measured, tmp_path):
    signals = refine(*measured, FLOW)
    signals.save(tmp_path / "v.npz")
    np.testing.assert_array_equal(FlowSignals.load(tmp_path / "v.npz").speech, signals.speech)
    arrays = read_npz(tmp_path / "v.npz")
    write_npz(tmp_path / "old.npz", {name: arrays[name] for name in arrays if name != "speech"})
    with pytest.raises(MespotError, match="old.npz: no array 'speech'"):
        FlowSignals.load(tmp_path / "old.npz")
