"""What an embedded data set consists of; one file per official layout beside this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mespot.synth.identity import Identity, make_identity
from mespot.synth.script import Script, make_script

if TYPE_CHECKING:
    from mespot.params.synth import SynthSet


@dataclass(frozen=True)
class VideoPlan:
    """One video of an embedded data set.

    Attributes:
        subject: official name of the person.
        video: unique name within the data set.
        folder: of its frames, relative to the data set's root.
        names: file name of each frame, in order.
        numbers: official number of each frame, in order; time = (number - first) / fps.
        fps: frames per second.
        grey: one channel instead of RGB.
        identity: the person.
        script: what happens.
        noise_seed: of the sensor noise.
    """

    subject: str
    video: str
    folder: str
    names: tuple[str, ...]
    numbers: tuple[int, ...]
    fps: float
    grey: bool
    identity: Identity
    script: Script
    noise_seed: int


@dataclass(frozen=True)
class Layout:
    """An official layout.

    Attributes:
        plan: (size of the set, difficulty, seed) -> the videos; draws everything, renders nothing.
        write_sheets: (videos, root) -> paths of the sheets written below the data set's root.
    """

    plan: Callable[[SynthSet, str, int], list[VideoPlan]]
    write_sheets: Callable[[list[VideoPlan], Path], list[Path]]


def draw_identity(seed: int, dataset: int, subject: int) -> Identity:
    """Draw the person ``subject`` (0-based) of a data set (any number that names it)."""
    return make_identity(np.random.default_rng((seed, dataset, subject, 0, 1)))


def draw_script(
    rng: np.random.Generator,
    size: SynthSet,
    difficulty: str,
    me_rate: tuple[float, float],
    mae_rate: tuple[float, float],
) -> Script:
    """Draw the script of one video.

    Args:
        rng: source of randomness.
        size: of the data set.
        difficulty: key of ``mespot.synth.difficulty.DIFFICULTIES``.
        me_rate: least and most micro-expressions per second; one at least.
        mae_rate: least and most macro-expressions per second.
    """
    me = max(1, round(size.seconds * rng.uniform(*me_rate)))
    mae = round(size.seconds * rng.uniform(*mae_rate))
    return make_script(rng, size.seconds, difficulty, me, mae)


def video_rng(seed: int, dataset: int, subject: int, video: int) -> np.random.Generator:
    """Generator of one video, independent of how many others there are."""
    return np.random.default_rng((seed, dataset, subject, video, 2))
