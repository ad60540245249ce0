"""Naming and describing a pipeline invocation by what differs from the one before.

In the list of runs the name alone then tells the settings that changed, and the description shows
every F1 beside its change, so that nobody has to search for both in two long columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PIPELINE = "pipeline"  # tag `stage` of the parent runs
_NAMED = 3  # settings that a name has room for
_SHORT = 24  # characters of a value in a name
_LISTED = 40  # settings that a description lists


def compare(client: Any, run_id: str) -> None:
    """Name and describe a parent run against the one that finished its settings before it.

    Args:
        client: of MLflow.
        run_id: of the parent run, with params and metrics logged.
    """
    run = client.get_run(run_id)
    before = _run_before(client, run)
    changed = changed_settings(before.data.params if before else {}, run.data.params)
    if before is None:
        changed = {}
    # the name that the run was created with: this is called once per data set
    plain = run.data.tags.get("plain_name", run.info.run_name)
    client.set_tag(run_id, "plain_name", plain)
    client.set_tag(run_id, "changed", in_words(changed) or "nothing")
    client.set_tag(run_id, "mlflow.note.content", describe(run, before, changed))
    client.update_run(run_id, name=f"{plain}: {in_words(changed)}" if changed else plain)


def changed_settings(
    before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return setting -> (before, now) of those that differ, ``-`` for none.

    The number of processes alters no result and is left out.
    """
    names = sorted({*before, *after} - {"jobs"})
    pairs = {name: (before.get(name, "-"), after.get(name, "-")) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def describe(run: Any, before: Any | None, changed: Mapping[str, tuple[str, str]]) -> str:
    """Write the description of a parent run, Markdown."""
    lines = ["F1, out-of-fold" + (" (change)" if before else ""), ""]
    metrics = run.data.metrics
    datasets = sorted({name.split("/")[0] for name in metrics if "/" in name})
    columns = list(dict.fromkeys(name.split("/", 1)[1] for name in metrics if "/" in name))
    lines += [
        "| data set | " + " | ".join(name.removesuffix("_f1") for name in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for dataset in datasets:
        cells = []
        for name in columns:
            key = f"{dataset}/{name}"
            cell = f"{metrics[key]:.3f}" if key in metrics else "-"
            if before and key in metrics and key in before.data.metrics:
                cell += f" ({metrics[key] - before.data.metrics[key]:+.3f})"
            cells.append(cell)
        lines.append(f"| {dataset} | " + " | ".join(cells) + " |")
    lines.append("")
    if before is None:
        return "\n".join([*lines, "The first run with figures."])
    lines.append(f"Compared with run `{before.info.run_name}` ({before.info.run_id}):")
    commits = [one.data.tags.get("git.commit", "")[:9] for one in (before, run)]
    if commits[0] != commits[1]:
        lines.append(f"code {commits[0] or '-'} -> {commits[1] or '-'};")
    if not changed:
        return "\n".join([*lines, "no setting changed."])
    lines += ["", "| setting | before | now |", "|---|---|---|"]
    shown = list(changed.items())[:_LISTED]
    lines += [f"| `{name}` | {old} | {new} |" for name, (old, new) in shown]
    if len(changed) > len(shown):
        lines.append(f"\nand {len(changed) - len(shown)} more.")
    return "\n".join(lines)


def in_words(changed: Mapping[str, tuple[str, str]]) -> str:
    """Put changed settings into a few words, for a name; see ``changed_settings``."""
    # `finetune.base` stands again in every data set's own settings
    names = [name for name in changed if not _repeats(name, changed)]
    words = [f"{name}={changed[name][1][:_SHORT]}" for name in names[:_NAMED]]
    return ", ".join(words) + (f", {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _repeats(name: str, changed: Mapping[str, tuple[str, str]]) -> bool:
    section, _, rest = name.partition(".")
    _, _, key = rest.partition(".")
    base = f"{section}.base.{key}"
    return bool(key) and name != base and changed.get(base) == changed[name]


def _run_before(client: Any, run: Any) -> Any | None:
    found = client.search_runs(
        [run.info.experiment_id],
        f"tags.stage = '{PIPELINE}' AND attributes.start_time < {run.info.start_time}",
        order_by=["attributes.start_time DESC"],
        max_results=20,
    )
    # an invocation that broke off before its report has no figures to compare with
    return next((one for one in found if one.data.params and one.data.metrics), None)
