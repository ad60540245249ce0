"""Training clips straight out of a million video files, without face preprocessing.

For sets of short, centred faces such as VoxCeleb2 (1.09 million clips): sixteen frames that span a
given time, from a random start; a fixed part of the frame; the multi-scale crop; all of it one
resampling. Which video a place of the training takes, which frames and which crop are pure
functions of the seed and the place, so that a resumed run goes on inside an epoch at its very clip.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mespot.core.errors import MespotError
from mespot.training.augmentation.clip_change import ClipChange, change_clip
from mespot.training.augmentation.crops import Box, multi_scale_box
from mespot.training.sampling.frame_sampling import ClipRule, pretrain_frames, pretrain_starts
from mespot.training.sampling.order import EpochOrder
from mespot.training.sampling.sampler import generator

if TYPE_CHECKING:
    from mespot.params.pretrain import PretrainParams
    from mespot.video.random_access import RandomFrames

log = logging.getLogger(__name__)
_FRAMES = 16  # of a clip, as in VideoMAE
_TRIED = 20  # videos one after the other that cannot be read: then it is no longer the videos


class Videos(Protocol):
    """Many small videos: ``VideoList`` or ``Shards`` of ``mespot.video``."""

    def __len__(self) -> int: ...

    def name(self, row: int) -> str:
        """Name of a video, for messages."""
        ...

    def open(self, row: int) -> RandomFrames:
        """Return a reader of a video."""
        ...

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the order of an epoch, (n,) rows."""
        ...


class ClipStream:
    """Clips of many videos, one per video and epoch.

    Args:
        videos: where they come from.
        params: section ``pretrain``: span, frame_crop, crop_scales, batch, limit.
        size: S of the network, pixels.
        seed: seed of order, starts and crops.
    """

    def __init__(self, videos: Videos, params: PretrainParams, size: int, seed: int):
        self._videos, self._params, self._size, self._seed = videos, params, size, seed
        self._order = EpochOrder(lambda epoch: videos.order(generator(seed, epoch, "order")))

    def cut(self, step: int, row: int, cropped: bool = True) -> tuple[np.ndarray, str]:
        """Read and cut the clip of a row of a step's batch.

        A video that cannot be read gives way to the next one of the epoch's order, which does not
        depend on the machine, with a line in the log: of a million files some are broken.

        Args:
            step: 0-based.
            row: of the whole batch, over all processes.
            cropped: draw a multi-scale crop.

        Returns:
            (16, S, S, 3) uint8, and the video's name.

        Raises:
            MespotError: too many videos in a row that cannot be read.
        """
        place = step * self._params.batch + row
        for attempt in range(_TRIED):
            video = self._order(place + attempt)
            rng = generator(self._seed, step, "clip", row, attempt)
            try:
                return self._read(video, cropped, rng), self._videos.name(video)
            except MespotError as error:
                log.warning("%s; another clip takes its place", error)
                last = error
        raise MespotError(f"{last}; {_TRIED} videos in a row cannot be read")

    def _read(self, video: int, cropped: bool, rng: np.random.Generator) -> np.ndarray:
        # here, because a machine that trains on crops alone needs no video library
        from mespot.core.watchdog import call_within

        params, size = self._params, self._size
        reader = self._videos.open(video)

        def read() -> np.ndarray:
            clock = reader.clock
            rule = ClipRule(_FRAMES, round(params.span * clock.fps / _FRAMES, 6))
            start = int(rng.integers(pretrain_starts(clock.frames, rule)))
            wanted, places = np.unique(
                pretrain_frames(clock.frames, start, rule), return_inverse=True
            )
            pixels = reader.read(wanted)  # (n, H, W, 3)
            return pixels if len(wanted) == _FRAMES else pixels[places]

        try:
            pixels = call_within(params.limit, self._videos.name(video), read)
        finally:
            reader.close()
        box = Box(0, 0, size, size)
        if cropped:
            box = multi_scale_box(size, params.crop_scales, rng)
        seen = fixed_part(pixels, params.frame_crop)
        return change_clip(seen, size, ClipChange(box, False, ()))


def fixed_part(pixels: np.ndarray, place: tuple[float, float, float]) -> np.ndarray:
    """Cut the same square out of every frame.

    Args:
        pixels: (T, H, W, 3).
        place: centre (shares of height and width) and side (share of the shorter side). The
            published VoxCeleb2 crop, rows 0-159 and columns 32-191 of 224, is (0.3571, 0.5,
            0.7143).

    Returns:
        a view, (T, s, s, 3), moved inside the frame where it would reach out of it.
    """
    height, width = pixels.shape[1:3]
    side = max(1, round(place[2] * min(height, width)))
    top = min(max(round(place[0] * height - side / 2), 0), height - side)
    left = min(max(round(place[1] * width - side / 2), 0), width - side)
    return pixels[:, top : top + side, left : left + side]
