"""`mespot results`."""

from __future__ import annotations

from pathlib import Path


def results() -> None:
    """Show the F1 of every branch with its subject-bootstrap interval, from metrics/*.json.

    Where the artifacts of fusion are there, further lines show what nested selection costs: the
    same search on the very subjects that it is scored on (oracle), and the paired differences
    between fused and single branches.

    Examples:

        mespot results
    """
    from rich.console import Console
    from rich.table import Table

    from mespot.core.errors import MespotError
    from mespot.core.files import read_json
    from mespot.core.project import Project

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
    console = Console()
    console.print(table)
    for row in optimism_lines(Project.find().artifact("fuse")):
        console.print(row, highlight=False)


def optimism_lines(folder: Path) -> list[str]:
    """One line per fused data set and branch: nested F1, oracle F1, gain of the fusion."""
    import pandas as pd

    lines = []
    for path in sorted(folder.glob("*/oracle.csv")):
        oracle = pd.read_csv(path)
        gains = pd.read_csv(path.with_name("differences.csv"))
        for row in oracle[oracle["type"] == "overall"].itertuples():
            line = f"{path.parent.name} {row.branch}: nested {row.nested_f1:.3f}, "
            line += f"oracle {row.oracle_f1:.3f}"
            gain = gains[
                (gains["member"] == "fused")
                & (gains["against"] == row.branch)
                & (gains["type"] == "overall")
            ]
            for one in gain.itertuples():
                line += f"; fused {one.difference:+.3f} ({one.low:+.3f} to {one.high:+.3f})"
            lines.append(line)
    return lines
