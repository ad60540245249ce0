"""Inputs of ``mespot spot`` as the command line names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.spotting.neutral import NeutralSpan


@dataclass(frozen=True)
class Input:
    """One input of ``mespot spot``.

    Attributes:
        name: ``vid`` in the results.
        path: video file or folder of frames.
        fps: frames per second where the user gave them; needed for folders.
        neutral: where the face rests, as far as the user said it.
    """

    name: str
    path: Path
    fps: float | None
    neutral: NeutralSpan | None = None


def read_inputs(words: Sequence[str], fps: float | None) -> list[Input]:
    """Interpret the inputs of the command line.

    Args:
        words: ``PATH`` or ``NAME=PATH``; without a name, the file stem or the folder name.
        fps: frames per second; needed for folders of frames.

    Raises:
        MespotError: a path that does not exist, a folder without ``fps``, a name that cannot be a
            folder name, two equal names.
    """
    inputs: dict[str, Input] = {}
    for word in words:
        name, _, rest = word.partition("=")
        path = Path(word)
        if not path.exists() and rest:
            path = Path(rest)
        else:
            name = path.resolve().name if path.is_dir() else path.stem
        if not path.exists():
            raise MespotError(f"{path}: no such file or folder")
        if path.is_dir() and fps is None:
            raise MespotError(f"{path}: a folder of frames needs --fps, frames per second")
        if not name or name in (".", "..") or "/" in name or "\\" in name:
            raise MespotError(f"{word}: name {name!r} cannot name a folder of results")
        if name in inputs:
            raise MespotError(
                f"{path}: the name {name} is taken by {inputs[name].path}, "
                f"give another one as NAME={path}"
            )
        inputs[name] = Input(name, path, fps)
    return list(inputs.values())


def with_neutral(
    inputs: Sequence[Input], span: NeutralSpan | None, table: Mapping[str, NeutralSpan]
) -> list[Input]:
    """Add to inputs what the user said about rest.

    Args:
        inputs: from ``read_inputs``.
        span: for all inputs that are not in the table.
        table: by name.

    Raises:
        MespotError: a name in the table that no input has.
    """
    names = [one.name for one in inputs]
    for name in table:
        if name not in names:
            raise MespotError(f"neutral of {name}: no such input, found {', '.join(names)}")
    return [replace(one, neutral=table.get(one.name, span)) for one in inputs]
