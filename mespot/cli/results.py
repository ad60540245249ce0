"""`mespot results`."""

from __future__ import annotations


def results() -> None:
    """Show the F1 of every branch with its subject-bootstrap interval, from metrics/*.json.

    Examples:

        mespot results
    """
    from rich.console import Console
    from rich.table import Table

    from mespot.errors import MespotError
    from mespot.files import read_json
    from mespot.project import Project

    folder = Project.find().root / "metrics"
    files = sorted(folder.glob("*.json"))
    if not files:
        raise MespotError(f"{folder}: no metrics yet, run `make repro` or `dvc repro` first")
    table = Table("data set", "branch", "ME", "MaE", "overall F1 (interval)", "TP/FP/FN")
    for path in files:
        summary = read_json(path)
        for branch in ("model", "flow", "fused"):
            figures = summary[branch]
            overall = figures["overall"]
            table.add_row(
                summary["dataset"],
                branch,
                f"{figures['me']['f1']:.3f}",
                f"{figures['mae']['f1']:.3f}",
                f"{overall['f1']:.3f} ({overall['f1_low']:.3f}-{overall['f1_high']:.3f})",
                f"{overall['tp']}/{overall['fp']}/{overall['fn']}",
            )
        table.add_section()
    Console().print(table)
