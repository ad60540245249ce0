"""Where a project's files lie: the repository root, artifacts, work folders, locks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from mespot.core.errors import MespotError


def find_root(start: Path | None = None) -> Path:
    """Return the nearest folder at or above ``start`` that holds ``dvc.yaml``.

    Raises:
        MespotError: when there is none.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "dvc.yaml").is_file():
            return folder
    raise MespotError(f"{start}: no dvc.yaml here or above, run this inside the mespot repository")


@dataclass(frozen=True)
class Project:
    """Paths of one checkout.

    Attributes:
        root: the working copy: params, artifacts, metrics.
        home: the checkout that keeps what is shared between working copies: embedded frames,
            checkpoints, the MLflow store. Differs from ``root`` in ``dvc exp run --temp``, where
            DVC runs stages in a copy and names the original in ``DVC_ROOT``.
    """

    root: Path
    home: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Locate the project around ``start`` (default: the current folder)."""
        root = find_root(start)
        home = Path(os.environ.get("DVC_ROOT", root))
        return cls(root=root, home=home if (home / "dvc.yaml").is_file() else root)

    @property
    def params(self) -> Path:
        """The params file."""
        return self.root / "params.yaml"

    @property
    def embedded(self) -> Path:
        """Folder of the rendered frames of the embedded data."""
        return self.home / "data" / "embedded"

    def artifact(self, *parts: str) -> Path:
        """Path below ``artifacts/``."""
        return self.root.joinpath("artifacts", *parts)

    def work(self, *parts: str) -> Path:
        """Path below ``.work/``, which neither Git nor DVC sees."""
        return self.home.joinpath(".work", *parts)


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the lock of a work folder; a second process gets one clear line.

    A killed ``dvc repro`` can leave its stage running: the lock keeps a second one off the same
    checkpoints. The operating system frees it when its holder dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise MespotError(
            f"{folder / 'lock'}: held by another run of the same stage, wait for it or end it"
        ) from error
    try:
        yield
    finally:
        lock.release()
