"""Small videos packed into tar files, which a disk or network reads in long stretches.

The layout is that of the webdataset package (``<key>.mp4`` members, ``shard-000000.tar``), whose
tools read and write it; no code of it is needed, because an uncompressed tar file can be read at
any place once the offsets of its members are known. They are listed once and kept in a small
table, so that the order of an epoch stays a pure function of its seed and a resumed training goes
on at its very clip.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mespot.core.errors import MespotError
from mespot.core.files import atomic_path, read_npz, write_npz
from mespot.core.progress import track
from mespot.video.media import VIDEO_SUFFIXES
from mespot.video.random_access import RandomFrames
from mespot.video.video_list import VideoList


def pack(videos: VideoList, out: Path, per_shard: int, seed: int) -> int:
    """Copy listed videos into shards.

    Files that are gone or empty are left out: a list of a million has some. Shards that exist are
    kept, so that an interrupted packing goes on.

    Args:
        videos: the list.
        out: folder for ``shard-*.tar``.
        per_shard: videos in a shard.
        seed: of their order; neighbours in a list are often one person.

    Returns:
        number of shards.

    Raises:
        MespotError: a file that cannot be read.
    """
    order = videos.order(np.random.default_rng(seed))
    parts = range(0, len(order), per_shard)
    for shard, start in enumerate(track(parts, "packing", len(parts))):
        path = out / f"shard-{shard:06d}.tar"
        if path.exists():
            continue
        with atomic_path(path) as temporary, tarfile.open(temporary, "w") as archive:
            for row in order[start : start + per_shard].tolist():
                _add(archive, videos.path(row), f"{row:08d}")
    return len(parts)


def _add(archive: tarfile.TarFile, path: Path, key: str) -> None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error.strerror})") from error
    if content:
        member = tarfile.TarInfo(f"{key}{path.suffix}")  # date 0: the same bytes each time
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


class Shards:
    """Videos in tar files.

    Args:
        folder: holds the tar files, all of them at its top.
        cache: ``.npz`` file that keeps the table of members; listed anew when a tar file differs.
        together: shards whose videos are mixed with each other; a reader touches that many at a
            time.

    Raises:
        MespotError: no tar file, a damaged one, or no video in them.
    """

    def __init__(self, folder: Path, cache: Path, together: int) -> None:
        self._paths = sorted(folder.glob("*.tar"))
        if not self._paths:
            raise MespotError(f"{folder}: found no .tar file, expected shards (`mespot pack`)")
        self._together = together
        sizes = np.array([path.stat().st_size for path in self._paths])
        table = read_npz(cache) if cache.exists() else None
        if table is None or not np.array_equal(table["sizes"], sizes):
            table = {"sizes": sizes, **_members(self._paths)}
            write_npz(cache, table)
        self._shard, self._offset, self._size = (
            table[name] for name in ("shard", "offset", "size")
        )
        if not len(self._shard):
            raise MespotError(f"{folder}: found no video in {len(self._paths)} shards")

    def __len__(self) -> int:
        return len(self._shard)

    def name(self, row: int) -> str:
        """Shard of a video and where in it."""
        return f"{self._paths[self._shard[row]].name}@{self._offset[row]}"

    def open(self, row: int) -> RandomFrames:
        """Read a video into memory and return a reader of it.

        Raises:
            MespotError: a shard that is gone or was cut off.
        """
        path, size = self._paths[self._shard[row]], int(self._size[row])
        try:
            with path.open("rb", buffering=0) as stream:
                stream.seek(int(self._offset[row]))
                content = stream.read(size)
        except OSError as error:
            raise MespotError(f"{path}: cannot be read ({error.strerror})") from error
        if len(content) < size:
            raise MespotError(f"{path}: cut off, found {len(content)} of {size} bytes of a video")
        return RandomFrames(Path(self.name(row)), None, None, content)

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the order of an epoch, (n,) rows, each once: shards, then videos of a few shards."""
        shards = rng.permutation(len(self._paths))
        bounds = np.searchsorted(self._shard, np.arange(len(self._paths) + 1))
        parts = []
        for start in range(0, len(shards), self._together):
            near = shards[start : start + self._together]
            rows = [np.arange(bounds[shard], bounds[shard + 1], dtype=np.int32) for shard in near]
            parts.append(rng.permutation(np.concatenate(rows)))
        return np.concatenate(parts)


def _members(paths: list[Path]) -> dict[str, np.ndarray]:
    found = [
        (shard, *member)
        for shard, path in enumerate(track(paths, "listing shards", len(paths)))
        for member in _videos(path)
    ]
    columns = np.array(found, dtype=np.int64).reshape(-1, 3)
    return {"shard": columns[:, 0].astype(np.int32), "offset": columns[:, 1], "size": columns[:, 2]}


def _videos(path: Path) -> Iterator[tuple[int, int]]:
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                if member.isfile() and member.name.lower().endswith(VIDEO_SUFFIXES):
                    yield member.offset_data, member.size
    except (tarfile.TarError, OSError) as error:
        raise MespotError(f"{path}: not a readable tar file ({error})") from error
