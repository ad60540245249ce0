"""A trained clip classifier on disk: ``classifier.safetensors`` and ``model.json``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mespot.core.errors import MespotError
from mespot.core.fingerprint import hash_path
from mespot.models.classifier import Classifier
from mespot.models.weights import load_classifier, read_description, save_description, save_weights
from mespot.tables.clip_list import ClipList

if TYPE_CHECKING:
    from mespot.params.classify import ClassifyParams

_WEIGHTS = "classifier"
# what changes speed alone; everything else belongs to a training's fingerprint
_SPEED = {"workers", "ahead", "limit", "prefetch", "threads", "test_batch", "log_every", "windows"}


def training_fingerprint(
    train: ClipList,
    validation: ClipList | None,
    encoder: tuple[str, str, Path | None],
    params: ClassifyParams,
    seed: int,
) -> str:
    """Hash what the weights of a training depend on: lists, encoder, settings, seed.

    The pixels behind a list are not read, only their paths; nor is where the root lies.
    """
    name, input_kind, weights = encoder
    content = {
        "encoder": [name, input_kind, None if weights is None else hash_path(weights)],
        "params": params.model_dump(mode="json", exclude=_SPEED),
        "lists": [
            None
            if one is None
            else [
                one.classes,
                [[_place(one, row), clip.label] for row, clip in enumerate(one.clips)],
            ]
            for one in (train, validation if params.keep == "best" else None)
        ],
        "seed": seed,
    }
    if params.keep == "best":
        content["windows"] = params.windows
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _place(clips: ClipList, row: int) -> str:
    return clips.clips[row].path.relative_to(clips.root).as_posix()


def class_names(classes: int, names: Sequence[str]) -> list[str]:
    """Names of all classes: given ones, else their numbers."""
    return list(names) or [str(label) for label in range(classes)]


def save_classifier(
    folder: Path,
    model: Classifier,
    encoder: tuple[str, str, Path | None],
    names: Sequence[str],
    params: ClassifyParams,
    fingerprint: str,
) -> None:
    """Write a trained classifier; ``model.json``, written last, makes it whole.

    Args:
        folder: where to.
        model: the classifier.
        encoder: factory name, ``input``, weights it started from.
        names: of its K classes.
        params: section ``classify``; what the test needs of it is kept.
        fingerprint: see ``training_fingerprint``.
    """
    save_weights(folder / f"{_WEIGHTS}.safetensors", model)
    save_description(
        folder,
        {
            "model": encoder[0],
            "input": encoder[1],
            "classifier": model.config,
            "classes": list(names),
            "protocol": {key: getattr(params, key) for key in ("stride", "short", "windows")},
            "training": fingerprint,
        },
    )


def open_classifier(folder: Path) -> tuple[Classifier, dict[str, Any]]:
    """Load a clip classifier, in evaluation mode.

    Returns:
        the classifier and ``model.json``: ``input``, ``classes``, ``protocol``, ``training``.

    Raises:
        MespotError: missing, damaged, or no clip classifier.
    """
    description = read_description(folder)
    for key in ("classifier", "classes", "protocol", "training"):
        if key not in description:
            raise MespotError(
                f"{folder / 'model.json'}: key {key} is missing, expected a clip classifier, as "
                "mespot classify train writes it"
            )
    return load_classifier(folder, _WEIGHTS)


def finished_training(folder: Path) -> str | None:
    """Return the fingerprint of the classifier that a folder holds, ``None`` for none."""
    if not (folder / "model.json").exists():
        return None
    return str(open_classifier(folder)[1]["training"])
