"""What ``import mespot`` offers to a script: spotting in one video, without files of results."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mespot.crops.grey_store import CropFile
from mespot.params import Params, load_params
from mespot.spotting.tables import frame_numbers, interval_table
from mespot.spotting.video import (
    Speech,
    VideoAnalysis,
    analyse_video,
    load_classifiers,
    needs_colour,
    open_for,
    with_system,
)

if TYPE_CHECKING:
    from mespot.fusion.system import System


class Spotter:
    """Spots in videos one after the other; settings and classifiers are loaded once.

    Args:
        system: fused system, from ``mespot.fusion.system.load_system``; without it the flow
            branch answers.
        params: settings; those that mespot ships when absent.
    """

    def __init__(self, system: System | None = None, params: Params | None = None) -> None:
        self._system = system
        self._params = with_system(params or load_params(), system)
        self._classifiers = load_classifiers(system, self._params)

    def analyse(
        self, video: str | os.PathLike[str], fps: float | None = None, speech: Speech = "mark"
    ) -> tuple[VideoAnalysis, pd.DataFrame]:
        """Find the expressions of one video, as ``mespot spot`` does.

        Args:
            video: video file or folder of frames.
            fps: frames per second; needed for folders.
            speech: see ``mespot.spotting.video.Speech``.

        Returns:
            track, signals and intervals, and the rows of ``intervals.csv``.

        Raises:
            MespotError: the video cannot be read, or no face can be followed in it.
        """
        path, name = Path(video), Path(video).stem
        source = open_for(self._system)(path, fps)
        with tempfile.TemporaryDirectory(prefix="mespot-") as folder:
            crops = CropFile(Path(folder), "video", needs_colour(self._system))
            found = analyse_video(
                source, name, crops, self._params, self._system, self._classifiers, sound=path,
                speech=speech,
            )  # fmt: skip
        return found, interval_table(name, found, frame_numbers(source, found.face.frames))


def analyse(
    video: str | os.PathLike[str],
    fps: float | None = None,
    model: str | os.PathLike[str] | None = None,
    params: Params | None = None,
) -> VideoAnalysis:
    """Find micro- and macro-expressions in one video.

    Args:
        video: video file or folder of frames.
        fps: frames per second; needed for folders.
        model: folder of a fused system; without it the flow branch answers.
        params: settings; those that mespot ships when absent.

    Returns:
        intervals (0-based inclusive frames, type, score), face track and flow signals.

    Raises:
        MespotError: the video cannot be read, or no face can be followed in it.
    """
    system = None
    if model is not None:
        from mespot.fusion.system import load_system

        system = load_system(Path(model))
    return Spotter(system, params).analyse(video, fps)[0]
