from __future__ import annotations

import numpy as np

from mespot.speech.share import speech_share


def test_frames_of_both_ends_count_and_one_half_is_speech():
    speech = np.array([0.0, 0.0, 0.5, 0.9, 0.49, 0.0])
    share = speech_share(speech, np.array([0, 2, 2, 3, 5]), np.array([1, 3, 5, 3, 5]))
    assert share.tolist() == [0.0, 1.0, 0.5, 1.0, 0.0]


def test_no_intervals_have_no_shares():
    nothing = np.zeros(0, dtype=np.int64)
    assert speech_share(np.ones(3), nothing, nothing).shape == (0,)
