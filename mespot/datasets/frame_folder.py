"""A folder of frames as a video of the index, listed once."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from mespot.datasets.raw import RawVideo
from mespot.params.data import DataParams
from mespot.video.folders import NoFrames, frame_files
from mespot.video.frames import folder_is_grey

log = logging.getLogger(__name__)


def folder_video(subject: str, video: str, folder: Path, fps: float) -> RawVideo:
    """List a folder and open its first frame to tell grey from colour.

    Raises:
        NoFrames: the folder holds no numbered picture.
        MespotError: unreadable, or two frames with the same number.
    """
    names, numbers = frame_files(folder)
    grey = folder_is_grey(folder, names)
    sample = (names[0], names[len(names) // 2], names[-1])
    return RawVideo(subject, video, folder, "folder", fps, numbers, grey, sample)


def folder_videos(
    places: Iterable[tuple[str, str, Path]], fps: float, params: DataParams
) -> list[RawVideo]:
    """List many folders.

    Args:
        places: subject, video and folder of each.
        fps: frames per second of all.
        params: with ``allow_missing`` a folder without frames (an unfinished download) is left
            out with a warning.

    Raises:
        MespotError: as ``folder_video``.
    """
    found = []
    for subject, video, folder in places:
        try:
            found.append(folder_video(subject, video, folder, fps))
        except NoFrames as error:
            if not params.allow_missing:
                raise
            log.warning("%s; the video is left out", error)
    return found
