"""The check of a data set on one screen."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mespot.preflight.counts import Count
from mespot.preflight.dataset import DatasetCheck
from mespot.preflight.finding import ERROR, NOTE, OK, WARNING

_MARKS = {OK: ("ok", "green"), NOTE: ("-", "dim"), WARNING: ("!", "yellow"), ERROR: ("NO", "red")}


def render(check: DatasetCheck) -> Group:
    """Lay out counts, findings and verdict; names and paths are shown as they are."""
    parts: list[Table | Text] = []
    if check.counts:
        parts.append(_count_table(check))
        if check.published:
            parts.append(Text(f"published: {check.published.source}", "dim"))
        parts.append(Text())
    findings = Table(box=None, show_header=False, pad_edge=False)
    findings.add_column(no_wrap=True)
    findings.add_column(no_wrap=True)
    findings.add_column(overflow="fold")
    for finding in check.findings:
        mark, colour = _MARKS[finding.level]
        findings.add_row(Text(mark, colour), Text(finding.name), Text(finding.text))
    parts += [findings, Text()]
    parts.append(Text(check.verdict, "bold green" if check.usable else "bold red"))
    return Group(*parts)


def _count_table(check: DatasetCheck) -> Table:
    title = Text(check.dataset, "bold")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    table.add_column("found", justify="right")
    table.add_column("published", justify="right")
    table.add_column("")
    for count in check.counts:
        colour = "yellow" if count.differs else ""
        table.add_row(
            Text(count.name),
            Text("?" if count.found is None else f"{count.found:,}", colour),
            Text("-" if count.published is None else f"{count.published:,}"),
            Text(_remark(count), "dim"),
        )
    return table


def _remark(count: Count) -> str:
    parts = []
    if count.differs:
        parts.append(f"{count.found - count.published:+,}")
    elif None not in (count.found, count.published):
        parts.append("equal")
    return ", ".join([*parts, count.remark] if count.remark else parts)
