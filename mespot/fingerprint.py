"""Fingerprint of a stage: what its result depends on, as one hash.

Checkpoints live below the fingerprint, so a changed parameter, input or line of code starts afresh
and an interrupted run resumes. It reads the same ``dvc.yaml`` that DVC does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mespot.errors import MespotError

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
