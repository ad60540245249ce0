"""Grey crops of one video in one file of plain pixels, for work that is thrown away afterwards.

Packing a crop as jpg and unpacking it again costs more than warping it. What is kept, or has
colour, goes into an archive (``mespot.crops.archive``).
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import numpy as np

from mespot.core.errors import MespotError
from mespot.crops.archive import CropReader, CropWriter

SUFFIX = ".grey"


class GreyWriter:
    """Writes crops one after the other, each of which can be read at once.

    After a failure nothing is left. A process that is killed leaves its part behind: whoever uses
    the file must know from elsewhere that it is complete.

    Args:
        path: ends in :data:`SUFFIX`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def __enter__(self) -> GreyWriter:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self._path, "wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is not None:
            self._path.unlink(missing_ok=True)

    def append(self, crop: np.ndarray) -> None:
        """Add a crop, uint8 (S, S)."""
        self._file.write(np.ascontiguousarray(crop).data)
        self._file.flush()


class GreyReader:
    """Random access to the crops of a file, which may still grow; several threads may read at once.

    Args:
        path: written by :class:`GreyWriter`.
        size: width and height of a crop, px.
        growing: the file is still being written; the last crop may be there in part.

    Raises:
        MespotError: when the file is missing or does not hold whole crops.
    """

    def __init__(self, path: str | os.PathLike[str], size: int, growing: bool = False) -> None:
        self._path = Path(path)
        self._size = size
        try:
            self._file = open(self._path, "rb")
        except OSError as error:
            raise MespotError(f"{self._path}: cannot be read ({error.strerror})") from error
        rest = os.fstat(self._file.fileno()).st_size % (size * size)
        if rest and not growing:
            self._file.close()
            raise MespotError(f"{self._path}: found {rest} bytes too many for crops of {size} px")

    def __len__(self) -> int:
        return os.fstat(self._file.fileno()).st_size // self._size**2

    def read(self, index: int, grey: bool = True) -> np.ndarray:
        """Return crop ``index`` (0-based): uint8 (S, S); there is no other than ``grey``.

        Raises:
            IndexError: outside 0 ... len - 1.
        """
        length = self._size * self._size
        # the position is part of the call: no lock, and the pages are the system's, not ours
        pixels = os.pread(self._file.fileno(), length, index * length) if index >= 0 else b""
        if len(pixels) < length:
            raise IndexError(f"{self._path}: crop {index} of {len(self)}")
        return np.frombuffer(pixels, np.uint8).reshape(self._size, self._size)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class CropFile:
    """Where the crops of the video at work lie: written once, read by this process and by others.

    Memory cannot hold the crops of a long video.

    Args:
        folder: of work; the shell that made it removes it.
        name: file name, without suffix.
        colour: pack colour crops into an archive; otherwise grey ones are kept as plain pixels.

    Attributes:
        path: the file.
        colour: as given.
    """

    def __init__(self, folder: Path, name: str, colour: bool) -> None:
        self.path = folder / f"{name}{'.zip' if colour else SUFFIX}"
        self.colour = colour

    def writer(self, quality: int) -> CropWriter | GreyWriter:
        """Return what writes the crops; ``quality`` of jpg is for those of colour."""
        return CropWriter(self.path, quality) if self.colour else GreyWriter(self.path)

    def open(self, size: int, growing: bool = False) -> CropReader | GreyReader:
        """Open the crops, ``size`` px wide and high; see ``open_crops``."""
        return open_crops(self.path, size, growing)

    def scratch(self, shape: tuple[int, ...], kind: type) -> np.ndarray:
        """Return an array of zeros in a file beside the crops, for what is as large as they are."""
        return np.lib.format.open_memmap(self.path.with_suffix(".npy"), "w+", kind, shape)


def open_crops(
    path: str | os.PathLike[str], size: int, growing: bool = False
) -> CropReader | GreyReader:
    """Open the crops of one video, whichever way they are kept.

    Args:
        path: an archive, or a file of :class:`GreyWriter`.
        size: width and height of a crop, px.
        growing: see :class:`GreyReader`.

    Raises:
        MespotError: when the file cannot be read.
    """
    if Path(path).suffix == SUFFIX:
        return GreyReader(path, size, growing)
    return CropReader(path)
