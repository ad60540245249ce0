"""The report of a check as text for the terminal."""

from __future__ import annotations

from mespot.submission.check import Report
from mespot.submission.format import Fault

_SHOWN = 20  # lines


def render_report(report: Report) -> str:
    """Lay out a report: facts, what was found (the first 20 of a level), verdict.

    Returns:
        several lines without colour codes.
    """
    lines = [str(report.path)]
    width = max((len(name) for name, _ in report.facts), default=0)
    lines += [f"  {name:<{width}}  {text}" for name, text in report.facts]
    for level, faults in (
        ("ERROR", report.errors),
        ("warning", report.warnings),
        ("note", report.notes),
    ):
        lines += _some(level, faults)
    if report.errors:
        verdict = f"NOT VALID: {_count(report.errors, 'error')}"
    else:
        verdict = "VALID"
    if report.warnings:
        verdict += f", {_count(report.warnings, 'warning')}"
    return "\n".join([*lines, f"  {verdict}"])


def _some(level: str, faults: list[Fault]) -> list[str]:
    lines = [f"  {level}: {fault}" for fault in faults[:_SHOWN]]
    if len(faults) > _SHOWN:
        lines.append(f"  {level}: and {len(faults) - _SHOWN} more")
    return lines


def _count(faults: list[Fault], name: str) -> str:
    return f"{len(faults)} {name}{'s' if len(faults) > 1 else ''}"
