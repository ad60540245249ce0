"""Speech as it is seen: lips and jaw that move at the rate of syllables and do not stop.

People speak three to eight syllables per second, and mouths open and close with them, at 2-7 Hz
(Chandrasekaran et al. 2009, The natural statistics of audiovisual speech). An expression has such
quick parts as well, but only while it begins and ends, and it moves the mouth further at slower
rates.
"""

from __future__ import annotations

import numpy as np

from mespot.speech.filters import band, blur, running_max, running_share

_QUICK = (2.5, 8.0)  # Hz, syllables
_SLOW = (0.15, 1.5)  # Hz, expressions
_SPAN = 1.5  # s over which the quick movement must last
_LASTING = 0.4  # share of that span that may be without it (between words)
_MOMENT = 0.06  # s, SD of the smoothing of energy: a syllable moves forth and back
_AROUND = 1.3  # s, SD of the span over which slow movement counts
_FLOOR = 1e-4  # IOD, less is nothing
_SLOWEST = 8.0  # frames per second that show syllables at least
# log-odds = _BIAS + _OF_QUICK log10(quick) + _OF_SLOW log10(slow), fitted on 48 real clips
_BIAS, _OF_QUICK, _OF_SLOW = 19.0, 11.5, -4.3
_OF_VOICE = 4.0  # log-odds between a voice and none
_BETWEEN_WORDS = 0.4  # s


def visual_speech(lips: np.ndarray, jaw: np.ndarray, step: float) -> np.ndarray:
    """Tell when a face seems to speak, from vertical movements of its mouth.

    Args:
        lips: (N,) IOD, how far the lower lip is below the upper one; the level does not matter.
        jaw: (N,) IOD, how far down the chin is; the level does not matter.
        step: s from one value to the next.

    Returns:
        float32 (N,) probability of speech in [0, 1]. 0 throughout where less than 8 values per
        second or less than three values show no syllables.
    """
    rate = 1.0 / step
    if len(lips) < 3 or rate < _SLOWEST:
        return np.zeros(len(lips), dtype=np.float32)
    quick, slow = (
        np.mean([energy(np.asarray(part, dtype=np.float64), rate) for part in (lips, jaw)], axis=0)
        for energy in (_lasting, _around)
    )
    return _chance(_BIAS + _OF_QUICK * quick + _OF_SLOW * slow).astype(np.float32)


def with_voice(visual: np.ndarray, voice: np.ndarray | None, step: float) -> np.ndarray:
    """Add what is heard to what is seen.

    A voice alone may be somebody else's, and a mute mouth may speak (recorded without a sound), so
    neither overrules the other: each shifts the odds.

    Args:
        visual: (N,) from ``visual_speech``.
        voice: (N,) from ``voice_activity``, same times; ``None`` leaves ``visual`` as it is.
        step: s from one value to the next.

    Returns:
        float32 (N,) probability of speech in [0, 1].
    """
    if voice is None:
        return np.asarray(visual, dtype=np.float32)
    heard = running_max(voice, _odd(_BETWEEN_WORDS / step))
    chance = np.clip(visual.astype(np.float64), 1e-6, 1 - 1e-6)
    odds = np.log(chance / (1 - chance))
    return _chance(odds + _OF_VOICE * (heard - 0.5)).astype(np.float32)


def _lasting(values: np.ndarray, rate: float) -> np.ndarray:
    """log10 of the amplitude, IOD, of quick movement that most of the span has or exceeds."""
    energy = blur(_within(values, _QUICK, rate) ** 2, _MOMENT * rate)
    return _log_amplitude(running_share(energy, _LASTING, _odd(_SPAN * rate)))


def _around(values: np.ndarray, rate: float) -> np.ndarray:
    """log10 of the amplitude, IOD, of slow movement around each time."""
    return _log_amplitude(blur(_within(values, _SLOW, rate) ** 2, _AROUND * rate))


def _within(values: np.ndarray, limits: tuple[float, float], rate: float) -> np.ndarray:
    return band(values, limits[0], min(limits[1], 0.45 * rate), rate)


def _log_amplitude(energy: np.ndarray) -> np.ndarray:
    return np.log10(np.sqrt(np.maximum(energy, 0.0)) + _FLOOR)


def _chance(odds: np.ndarray) -> np.ndarray:
    """Probability of log-odds."""
    return 1.0 / (1.0 + np.exp(-odds))


def _odd(size: float) -> int:
    return 2 * round((size - 1) / 2) + 1 if size > 1 else 1
