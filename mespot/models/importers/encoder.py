"""Import of an encoder: every tensor taken and checked, or refused with the reason.

The fixed sinusoid position table is a function of token number and width, so no checkpoint needs
one and a table for other sizes or lengths needs no interpolation: the encoder of 224 px videos
loads into the 160 px model as it is. A checkpoint with a *learned* table is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from mespot.core.errors import MespotError
from mespot.models.classifier import Classifier
from mespot.models.encoder import Encoder
from mespot.models.importers.layouts import POSITIONS, Plan, belongs_to_encoder, plan
from mespot.models.importers.read import StoredTensor, read_tensors
from mespot.models.positions import sinusoid_table
from mespot.models.weights import (
    DESCRIPTION_FILE,
    load_weights,
    read_description,
    save_description,
    save_weights,
)
from mespot.models.zoo import create_encoder

ENCODER_FILE = "encoder.safetensors"
_PUBLISHED_INPUT = "rgb"  # published encoders saw ImageNet-normalised pixels
_SEED = 0  # of what --allow-partial leaves at its first values
_SAME_POSITION = 1e-3  # published tables were stored as float32, some as float16


@dataclass(frozen=True)
class ImportReport:
    """What became of a checkpoint's tensors.

    Attributes:
        layout: ``published`` or ``transformers``.
        loaded: encoder tensors that were taken, by their names in mespot.
        missing: encoder tensors that the file lacks.
        misfits: encoder tensor -> shape found, where it is not the encoder's.
        unexpected: tensors of the file that the encoder has no use for, by their names there.
        strays: those of ``unexpected`` that belong to an encoder, of another depth or kind.
        lost_biases: query and value biases that are all zero although the file has them.
    """

    layout: str
    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    misfits: Mapping[str, tuple[int, ...]]
    unexpected: tuple[str, ...]
    strays: tuple[str, ...]
    lost_biases: tuple[str, ...]


@dataclass(frozen=True)
class ImportedEncoder:
    """An encoder with imported weights, and the report of the import."""

    path: Path
    model: str
    input: str
    encoder: Encoder
    report: ImportReport

    def check(self, allow_partial: bool = False) -> None:
        """Refuse an import that did not take everything.

        Args:
            allow_partial: accept it as long as one tensor was taken.

        Raises:
            MespotError: naming the first tensor that stands in the way.
        """
        report, where = self.report, f"{self.path}: not taken as {self.model}"
        hint = "; see --allow-partial"
        if not report.loaded and (allow_partial or not report.misfits):
            raise MespotError(f"{where}, none of the {self._wanted()} encoder tensors is in it")
        if allow_partial:
            return
        if report.misfits:
            name, shape = next(iter(report.misfits.items()))
            expected = tuple(self.encoder.state_dict()[name].shape)
            raise MespotError(
                f"{where}, tensor {name}: found shape {shape}, expected {expected} "
                f"({len(report.misfits)} such{hint})"
            )
        if report.missing:
            raise MespotError(
                f"{where}, tensor {report.missing[0]} is missing "
                f"({len(report.missing)} of {self._wanted()}{hint})"
            )
        if report.strays:
            raise MespotError(
                f"{where}, encoder tensor {report.strays[0]} has no place in it "
                f"({len(report.strays)} such{hint})"
            )
        if report.lost_biases:
            raise MespotError(
                f"{where}, all {len(report.lost_biases)} query and value biases are zero: releases "
                "of transformers 5 lose them on reading; take the file as it was published"
                f"{hint}"
            )

    def save(self, out_dir: str | Path) -> None:
        """Write ``encoder.safetensors`` and ``model.json``, as the stage `pretrain` does."""
        report = self.report
        save_weights(Path(out_dir) / ENCODER_FILE, self.encoder)
        save_description(
            out_dir,
            {
                "model": self.model,
                "input": self.input,
                "encoder": self.encoder.config,
                "imported": {
                    "file": self.path.name,
                    "layout": report.layout,
                    "missing": sorted({*report.missing, *report.misfits}),
                },
            },
        )

    def _wanted(self) -> int:
        return len(self.encoder.state_dict())


def import_encoder(path: str | Path, model: str) -> ImportedEncoder:
    """Read an encoder from a checkpoint of any known format.

    Args:
        path: VideoMAE or MAE-DFER ``.pth``, VideoMAE of transformers, or mespot's own safetensors;
            pre-trained or fine-tuned.
        model: factory name of the encoder to fill.

    Returns:
        the encoder and what became of the file's tensors; call ``check`` before using it.

    Raises:
        MespotError: for an unknown model, an unreadable or hostile file, or values that are not
            finite.
    """
    path = Path(path)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        encoder = Classifier(create_encoder(model)).encoder
    stored = read_tensors(path)
    renamed = plan(stored, path)
    state, missing, misfits = {}, [], {}
    for name, tensor in encoder.state_dict().items():
        if name not in renamed.sources:
            missing.append(name)
            continue
        parts = [stored[source] for source in renamed.sources[name]]
        shape = _joined_shape(parts)
        if shape == tuple(tensor.shape):
            state[name] = (
                torch.cat([part.load() for part in parts]) if parts[1:] else (parts[0].load())
            )
        else:
            misfits[name] = shape
    encoder.load_state_dict({**encoder.state_dict(), **state})
    left = {
        target: names
        for target, names in renamed.sources.items()
        if target not in state and target not in misfits
    }
    needless = set(renamed.needless)
    for target, names in list(left.items()):
        if target in POSITIONS and _is_sinusoid(stored[names[0]], encoder.width):
            needless.update(left.pop(target))
    strays = [name for target in left if belongs_to_encoder(target) for name in left[target]]
    unexpected = [name for names in left.values() for name in names]
    report = ImportReport(
        renamed.layout,
        tuple(state),
        tuple(missing),
        misfits,
        tuple(sorted({*unexpected, *needless})),
        tuple(sorted(strays)),
        _lost_biases(renamed, state),
    )
    return ImportedEncoder(path, model, _input_of(path), encoder, report)


def start_from(folder: str | Path, encoder: Encoder, model: str, kind: str) -> None:
    """Fill an encoder with what an import or the stage `pretrain` wrote.

    Args:
        folder: holds ``encoder.safetensors`` and ``model.json``.
        encoder: the encoder to fill.
        model: its factory name.
        kind: the ``input`` that it will get.

    Raises:
        MespotError: for weights of another model or input, or as ``load_weights``.
    """
    description = read_description(folder)
    for key, wanted in (("model", model), ("input", kind)):
        if description[key] != wanted:
            raise MespotError(
                f"{Path(folder) / DESCRIPTION_FILE}: {key}: found {description[key]!r}, "
                f"expected {wanted!r} as in the settings"
            )
    load_weights(Path(folder) / ENCODER_FILE, encoder)


def _input_of(path: Path) -> str:
    """Mespot's own weights have their description beside them."""
    own = (path.parent / DESCRIPTION_FILE).exists()
    return read_description(path.parent)["input"] if own else _PUBLISHED_INPUT


def _joined_shape(parts: list[StoredTensor]) -> tuple[int, ...]:
    first = parts[0].shape
    if any(part.shape[1:] != first[1:] or not part.shape for part in parts[1:]):
        return tuple(size for part in parts for size in part.shape)
    return (sum(part.shape[0] for part in parts), *first[1:]) if parts[1:] else first


def _is_sinusoid(table: StoredTensor, width: int) -> bool:
    if len(table.shape) != 3 or table.shape[0] != 1 or table.shape[2] != width:
        return False
    if table.shape[1] > 100_000:  # no video has so many tokens; such a table is not worth reading
        return False
    wanted = sinusoid_table(table.shape[1], width)
    return bool((table.load()[0] - wanted).abs().max() < _SAME_POSITION)


def _lost_biases(renamed: Plan, state: Mapping[str, torch.Tensor]) -> tuple[str, ...]:
    taken = [name for name in renamed.may_have_lost if name in state]
    return tuple(taken) if taken and not any(state[name].any() for name in taken) else ()
