"""Fingerprint of a stage: what its result depends on, as one hash.

Checkpoints live below the fingerprint, so a changed parameter, input or line of code starts afresh
and an interrupted run resumes. It reads the same ``dvc.yaml`` that DVC does.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mespot.core.errors import MespotError
from mespot.core.files import read_json, write_json

_PACKAGE = Path(__file__).resolve().parents[1]
_PLACE = re.compile(r"\$\{item\.(\w+)\}")


def stage_fingerprint(root: Path, stage: str, item: Mapping[str, Any]) -> str:
    """Hash params, dependencies and code of a stage.

    Args:
        root: folder of ``dvc.yaml`` and ``params.yaml``.
        stage: name in ``dvc.yaml``.
        item: values of the stage's matrix, such as ``{"dataset": "samm_lv"}``.

    Returns:
        16 hexadecimal digits.
    """
    reader = YAML(typ="safe", pure=True)
    stages = reader.load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    if stage not in stages:
        raise MespotError(f"{root / 'dvc.yaml'}: no stage {stage}, found {', '.join(stages)}")
    entry = stages[stage]
    params = reader.load((root / "params.yaml").read_text(encoding="utf-8"))
    used = {key: _lookup(params, _fill(key, item)) for key in entry.get("params", [])}
    paths = [_fill(dep, item) for dep in entry.get("deps", [])]
    content = {
        "stage": stage,
        "item": {key: str(value) for key, value in item.items()},
        "params": used,
        "deps": {path: hash_path(root / path) for path in paths},
    }
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Resume:
    """Which items of a long call are finished, so that an interrupted one goes on.

    An item is finished when its note ``<item>.json`` is there, which is written last, and carries
    the key of what its result depends on.

    Args:
        folder: of the notes.
        code: files and folders of the package whose change makes finished items stale.

    Raises:
        FileNotFoundError: there is no code of such a name.
    """

    def __init__(self, folder: Path, code: Sequence[str] = ()) -> None:
        for name in code:
            (_PACKAGE / name).stat()
        self._folder, self._code = folder, tuple(code)

    def key(self, *parts: Any) -> str:
        """Hash what a result depends on besides the code: plain values that JSON can hold."""
        text = json.dumps([_code_hash(self._code), *parts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def done(self, item: str, key: str, *files: Path) -> Any:
        """Return the value that ``finish`` noted; None when the item is to be worked on.

        The note of a result that is stale, or of which one of the files is gone, is removed.
        """
        note = self._folder / f"{item}.json"
        if note.is_file():
            stored = read_json(note)
            same = isinstance(stored, dict) and stored.get("key") == key
            if same and all(file.is_file() for file in files):
                return stored["value"]
            note.unlink()
        return None

    def finish(self, item: str, key: str, value: Any) -> Any:
        """Note that an item is finished, after its files were written.

        Returns:
            the value as ``done`` will give it: a fresh and a resumed call hand on equal digits.
        """
        write_json(self._folder / f"{item}.json", {"key": key, "value": value})
        return self.done(item, key)

    def forget(self, item: str) -> None:
        """Remove the note of an item whose result was handed on."""
        (self._folder / f"{item}.json").unlink(missing_ok=True)


@functools.cache
def _code_hash(code: tuple[str, ...]) -> str:
    return hashlib.sha256("".join(hash_path(_PACKAGE / name) for name in code).encode()).hexdigest()


def hash_path(path: Path) -> str:
    """Hash a file or a folder (relative names and contents, byte code left out)."""
    if path.is_file():
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(str(file.relative_to(path)).encode() + b"\0")
            digest.update(hash_path(file).encode())
    return digest.hexdigest()


def _fill(text: str, item: Mapping[str, Any]) -> str:
    return _PLACE.sub(lambda found: str(item[found[1]]), text)


def _lookup(params: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(params, Mapping) or part not in params:
            raise MespotError(f"params.yaml: key {key} is missing, dvc.yaml names it")
        params = params[part]
    return params
