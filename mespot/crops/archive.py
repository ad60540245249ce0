"""One archive of crops per video: an uncompressed zip of jpgs ``000000.jpg``, ``000001.jpg``, ...

Entries carry a fixed date, so the same crops give the same bytes. Any crop can be read without
its predecessors. Readers may be pickled or forked: every process opens the file for itself.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.files import atomic_path

_DATE = (1980, 1, 1, 0, 0, 0)


class CropWriter:
    """Writes crops one after the other; the archive appears only when all went well.

    Use as a context manager: leaving it normally renames the finished archive to ``path``,
    leaving it with an exception leaves nothing behind.

    Args:
        path: the archive, ending in ``.zip``.
        quality: jpg quality, 50 to 100.
    """

    def __init__(self, path: str | os.PathLike[str], quality: int) -> None:
        self._path = Path(path)
        self._quality = quality
        self._count = 0

    def __enter__(self) -> CropWriter:
        self._atomic = atomic_path(self._path)
        self._zip = zipfile.ZipFile(self._atomic.__enter__(), "w", zipfile.ZIP_STORED)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()
        self._atomic.__exit__(kind, error, trace)

    def append(self, crop: np.ndarray) -> None:
        """Add a crop, uint8 RGB (S, S, 3) or grey (S, S)."""
        entry = zipfile.ZipInfo(f"{self._count:06d}.jpg", _DATE)
        entry.create_system = 3
        entry.external_attr = 0o644 << 16
        self._zip.writestr(entry, _encode(crop, self._quality))
        self._count += 1


class CropReader:
    """Random access to the crops of an archive.

    Args:
        path: archive written by :class:`CropWriter`.

    Raises:
        MespotError: when the file is missing, cut off or not such an archive.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._zip: zipfile.ZipFile | None = None
        self._owner = -1
        names = self._open().namelist()
        if names != [f"{index:06d}.jpg" for index in range(len(names))]:
            raise MespotError(f"{self._path}: found other entries than 000000.jpg, 000001.jpg, ...")
        self._count = len(names)

    def __len__(self) -> int:
        return self._count

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_zip": None, "_owner": -1}

    def read(self, index: int, grey: bool = False) -> np.ndarray:
        """Return crop ``index`` (0-based): uint8 (S, S, 3) RGB, or (S, S) when ``grey``.

        Crops of a grey video read in colour have three equal channels.

        Raises:
            IndexError: outside 0 ... len - 1.
            MespotError: when the crop's bytes are damaged.
        """
        if not 0 <= index < self._count:
            raise IndexError(f"{self._path}: crop {index} of {self._count}")
        name = f"{index:06d}.jpg"
        try:
            return _decode(self._open().read(name), grey)
        except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
            raise MespotError(f"{self._path}: {name} is damaged ({error})") from error

    def read_many(self, indices: Iterable[int], grey: bool = False) -> np.ndarray:
        """Return several crops as (n, S, S, 3), or (n, S, S) when ``grey``."""
        return np.stack([self.read(int(index), grey) for index in indices])

    def close(self) -> None:
        """Close the file; a later read opens it again."""
        if self._zip is not None and self._owner == os.getpid():
            self._zip.close()
        self._zip = None

    def _open(self) -> zipfile.ZipFile:
        # Processes that share one file position read each other's bytes.
        if self._zip is None or self._owner != os.getpid():
            try:
                self._zip = zipfile.ZipFile(self._path)
            except OSError as error:
                raise MespotError(f"{self._path}: cannot be read ({error.strerror})") from error
            except zipfile.BadZipFile as error:
                raise MespotError(f"{self._path}: not a whole zip archive ({error})") from error
            self._owner = os.getpid()
        return self._zip


def _encode(crop: np.ndarray, quality: int) -> bytes:
    crop = np.ascontiguousarray(crop)
    try:
        import simplejpeg
    except ImportError:
        import cv2

        picture = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    if crop.ndim == 2:
        return simplejpeg.encode_jpeg(crop[..., None], quality, "GRAY", "Gray", fastdct=False)
    return simplejpeg.encode_jpeg(crop, quality, "RGB", "420", fastdct=False)


def _decode(data: bytes, grey: bool) -> np.ndarray:
    try:
        import simplejpeg
    except ImportError:
        return _decode_with_opencv(data, grey)
    if grey:
        return simplejpeg.decode_jpeg(data, "GRAY", fastdct=False, fastupsample=False)[..., 0]
    return simplejpeg.decode_jpeg(data, "RGB", fastdct=False, fastupsample=False)


def _decode_with_opencv(data: bytes, grey: bool) -> np.ndarray:
    import cv2

    picture = cv2.imdecode(
        np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR
    )
    if picture is None:
        raise ValueError("not a jpg")
    return picture if grey else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
