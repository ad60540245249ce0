"""Pixels of listed clips: the frames that are asked for, in RGB, at the size of the network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

import numpy as np

from mespot.core.errors import MespotError
from mespot.tables.clip_list import Clip
from mespot.video.clip_reader import ClipReader

_KEPT = 2048  # readers whose file listing or container header is remembered, some KiB each
_KINDS: dict[str, Literal["file", "folder", "picture"]] = {
    "file": "file", "folder": "folder", "picture": "picture",
}  # fmt: skip


class ClipSource:
    """Reads clips of a list; made in the main process, used in loader processes.

    What a reader has learnt about its file (names of a folder, header of a video) is kept, the
    file itself is closed after each clip: a list may hold more files than may be open.

    Args:
        limit: s that reading a clip may take in a loader process before that process ends.
    """

    def __init__(self, limit: float):
        self._limit = limit
        self._readers: OrderedDict[str, ClipReader] = OrderedDict()

    def frames(self, clip: Clip) -> int:
        """Return the number of frames; 1 for a still.

        Raises:
            MespotError: not there, or not readable.
        """
        return self._reader(clip).frames

    def read(self, clip: Clip, choose: Callable[[int], np.ndarray]) -> np.ndarray:
        """Read a clip.

        Args:
            clip: a line of a list.
            choose: gets the number of frames and returns their indices, 0-based, any shape.

        Returns:
            (*shape of the indices, H, W, 3) uint8 RGB, as large as the file's.

        Raises:
            MespotError: not there, or not readable.
        """
        reader = self._reader(clip)
        indices = choose(reader.frames)
        try:
            # windows and short clips repeat frames: each is decoded once
            distinct, places = np.unique(indices, return_inverse=True)
            pixels = reader.read(distinct)  # (n, H, W, 3)
        finally:
            reader.close()
        if pixels.shape[-1] != 3:
            raise MespotError(f"{clip.path}: found {pixels.shape[-1]} channels, expected 3")
        if len(distinct) == indices.size and (np.diff(indices.ravel()) > 0).all():
            return pixels.reshape(*indices.shape, *pixels.shape[1:])
        return pixels[places.reshape(indices.shape)]

    def _reader(self, clip: Clip) -> ClipReader:
        key = str(clip.path)
        if key in self._readers:
            self._readers.move_to_end(key)
        else:
            # frames are counted, not timed: the rate of a folder does not matter
            rate = 25.0 if clip.kind == "folder" else None
            reader = ClipReader(clip.path, _KINDS[clip.kind], rate, limit=self._limit)
            self._readers[key] = reader
            if len(self._readers) > _KEPT:
                self._readers.popitem(last=False)
        return self._readers[key]
