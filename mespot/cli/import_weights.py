"""`mespot import-weights`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer


def import_weights(
    file: Annotated[
        Path, typer.Argument(help="Checkpoint: VideoMAE or MAE-DFER .pth, or safetensors.")
    ],
    model: Annotated[str, typer.Option(help="Factory name of the model, see the README.")],
    out: Annotated[Path, typer.Option(help="Folder for encoder.safetensors and model.json.")],
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Leave encoder tensors that are missing fresh.")
    ] = False,
) -> None:
    """Import a published encoder: VideoMAE, MAE-DFER, transformers or mespot's own.

    Prints which tensors were loaded, missing and unexpected (such as a decoder or another head).
    Unless every encoder tensor was taken, it fails and writes nothing. A .pth file is read without
    running anything in it. Weights of others keep their own licence.

    Examples:

        mespot import-weights checkpoint-49.pth --model lgi_former_base_160 --out weights/mae_dfer

        mespot import-weights model.safetensors --model videomae_vit_base_160 --out weights/videomae
    """
    from mespot.models.importers.encoder import import_encoder

    imported = import_encoder(file, model)
    report = imported.report
    misfits = [f"{name} (found shape {shape})" for name, shape in report.misfits.items()]
    typer.echo(f"{file} ({report.layout} layout) as {model}")
    for title, names in (
        ("loaded", report.loaded),
        ("missing", (*report.missing, *misfits)),
        ("unexpected", report.unexpected),
    ):
        typer.echo(f"{title}: {len(names)}")
        for line in folded(names):
            typer.echo(f"    {line}")
    imported.check(allow_partial)
    imported.save(out)
    typer.echo(f"written: {out}, input {imported.input}")


def folded(names: Iterable[str]) -> list[str]:
    """Shorten names that differ by a block number only: ``blocks.{0-15}.norm2.bias``.

    Args:
        names: tensor names, in the order in which they are to be shown.
    """
    numbers: dict[str, list[int | None]] = defaultdict(list)
    for name in names:
        found = re.search(r"(?<=\.)\d+(?=\.)", name)
        stem = name if found is None else f"{name[: found.start()]}{{}}{name[found.end() :]}"
        numbers[stem].append(int(found[0]) if found else None)
    return [
        stem if found == [None] * len(found) else stem.replace("{}", _ranges(sorted(found)), 1)
        for stem, found in numbers.items()
    ]


def _ranges(numbers: list[int]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [f"{run[0]}-{run[-1]}" if run[1:] else str(run[0]) for run in runs]
    return parts[0] if len(numbers) == 1 else "{" + ",".join(parts) + "}"
