"""Atomic, byte-for-byte deterministic writing of outputs.

Every file is written beside its destination under a temporary name, then renamed: a reader sees
the old bytes or the new ones, never a half. No time stamp, host name or run id goes inside.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mespot.core.errors import MespotError

_ROWS = 4096  # of a table of numbers that are Python's own at a time: a long video has many


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the same folder; on success it replaces ``path``.

    On an exception the temporary file is removed and ``path`` stays as it was. The temporary name
    keeps the suffix of ``path``, since several writers choose the format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".tmp-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` as UTF-8 with Unix line ends."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write JSON with sorted keys; NaN and infinities are refused, floats keep 6 decimals."""
    text = json.dumps(_plain(value), indent=2, sort_keys=True, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read JSON; a missing or malformed file is one clear line."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise MespotError(f"{path}: not valid JSON ({error})") from error


def write_csv(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write a table without index; floats keep 6 decimals so that bytes do not wander."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")


def write_numbers(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write a table of finite numbers: the bytes of ``write_csv``, several times as fast."""
    columns = [table[name].to_numpy() for name in table.columns]
    form = ",".join("%d" if column.dtype.kind in "iu" else "%.6g" for column in columns) + "\n"
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        out.write(",".join(table.columns) + "\n")
        for first in range(0, len(table), _ROWS):
            parts = (column[first : first + _ROWS].tolist() for column in columns)
            out.writelines(form % row for row in zip(*parts, strict=True))


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as an uncompressed npz (fixed dates inside: the same bytes each time)."""
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **{key: np.asarray(arrays[key]) for key in sorted(arrays)})


def read_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read an npz of plain arrays; nothing is unpickled."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error})") from error
    except (ValueError, EOFError) as error:
        raise MespotError(f"{path}: not an npz of plain arrays ({error})") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return round(float(value), 6)
    return value
