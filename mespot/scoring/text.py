"""Scores as text for the terminal."""

from __future__ import annotations

import io
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from mespot.metric import ALIASES, PROTOCOLS

_ROWS = {"me": "ME", "mae": "MaE", "overall": "overall"}
_WIDTH = 110


def render_scores(result: dict[str, Any], by_subject: bool = False) -> str:
    """Lay out the result of ``score_sets`` as text tables.

    Args:
        result: see ``score_sets``.
        by_subject: add a table with a row per subject.

    Returns:
        several lines without colour codes.
    """
    interval = f"{100 * result['confidence']:g} % of F1"
    drawn = "f1_low" in result["overall"]
    table = _table(
        "type",
        *("events", "predicted", "TP", "FP", "FN", "precision", "recall", "F1"),
        *([interval] if drawn else []),
    )
    for name, label in _ROWS.items():
        if name not in result:
            continue
        row = result[name]
        table.add_row(
            label,
            *(str(row["tp"] + row[other]) for other in ("fn", "fp")),
            *(str(row[key]) for key in ("tp", "fp", "fn")),
            *(f"{row[key]:.4f}" for key in ("precision", "recall", "f1")),
            *([f"{row['f1_low']:.4f}-{row['f1_high']:.4f}"] if drawn else []),
        )
    sign = ">" if result["strict"] else ">="
    parts = [
        f"protocol {result['protocol']}: IoU {sign} {result['min_iou']:g}, {result['rule']}",
        f"{result['videos']} videos of {result['subjects']} subjects",
        table,
    ]
    if "strs" in result:
        parts.append(_strs(result["strs"]))
    if by_subject:
        parts.append(_subjects(result))
    if drawn:
        parts.append(f"interval: {result['draws']} draws over subjects, seed {result['seed']}")
    unknown = result["unknown_videos"]
    if unknown:
        parts.append(
            f"{len(unknown)} predicted videos have no event in the truth file (first: {unknown[0]})"
        )
    return _text([*parts, *result["notes"]])


def render_protocols() -> str:
    """List the protocols, one line each, and the names that mean the same."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for protocol in PROTOCOLS.values():
        names = [protocol.name, *(alias for alias in ALIASES if ALIASES[alias] == protocol.name)]
        table.add_row(", ".join(names[:1]), _with_aliases(protocol.changes, names[1:]))
    return _text([table], width=200)


def _with_aliases(text: str, aliases: list[str]) -> str:
    return f"{text} (also: {', '.join(aliases)})" if aliases else text


def _strs(figures: dict[str, Any]) -> str:
    return (
        f"recognition of {figures['pairs']} spotted pairs, "
        f"classes {', '.join(figures['classes'])}\n"
        f"precision {figures['precision']:.4f}, recall {figures['recall']:.4f}, "
        f"F1_analysis {figures['f1_analysis']:.4f}, UF1 {figures['uf1']:.4f}, "
        f"STRS = F1_spotting x F1_analysis = {figures['strs']:.4f}"
    )


def _subjects(result: dict[str, Any]) -> Table:
    kinds = [name for name in _ROWS if name in result]
    table = _table("subject", *(f"{_ROWS[kind]} TP/FP/FN" for kind in kinds), "F1")
    for row in result["by_subject"]:
        table.add_row(
            row["subject"],
            *("/".join(str(row[kind][key]) for key in ("tp", "fp", "fn")) for kind in kinds),
            f"{row['overall']['f1']:.4f}",
        )
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _text(parts: list[Any], width: int = _WIDTH) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None, highlight=False)
    for part in parts:
        console.print(part, markup=False, soft_wrap=isinstance(part, str))
    return "\n".join(line.rstrip() for line in stream.getvalue().strip().splitlines())
