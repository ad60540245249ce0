"""`dvc plots` covers whatever `datasets` lists."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pandas as pd
from ruamel.yaml import YAML

from mespot.pipeline.report import plot_tables

REPORT = "${item.dataset}"


def outs(root) -> tuple[set[str], set[str]]:
    """Names of the tables that stage `report` keeps in Git, and of those that are plots."""
    pipeline = YAML(typ="safe", pure=True).load((root / "dvc.yaml").read_text(encoding="utf-8"))
    assert "plots" not in pipeline, "top-level plots would have to name the data sets"
    report = pipeline["stages"]["report"]
    kept = {name for out in report["outs"] if isinstance(out, dict) for name in out}
    start = f"metrics/plots/{REPORT}/"
    tables = {name.removeprefix(start) for name in kept if name.startswith(start)}
    return tables, {name.removeprefix(start) for plot in report["plots"] for name in plot}


def test_every_table_behind_a_plot_is_an_out(root):
    kept, shown = outs(root)
    columns = "branch type score precision recall subject tp fp fn f1 granularity length member"
    nothing = pd.DataFrame(columns=columns.split())
    names = ("ablation", "f1_by_subject", "pr", "by_duration", "by_head_motion")
    fusion = dict.fromkeys(("ablation", "differences", "reliability", "oracle"), nothing)
    tables = plot_tables(dict.fromkeys(names, nothing), nothing, fusion)
    assert {f"{name}.csv" for name in tables} == kept | shown
    assert not kept & shown


def test_dvc_draws_the_plots_of_a_set_that_was_just_added(root, tmp_path):
    _, shown = outs(root)
    shutil.copyfile(root / "dvc.yaml", tmp_path / "dvc.yaml")
    params = (root / "params.yaml").read_text(encoding="utf-8")
    added = params.replace("  - casme3\n", "  - mine\n", 1)
    (tmp_path / "params.yaml").write_text(added, encoding="utf-8")
    shutil.copytree(root / ".dvc" / "plots", tmp_path / ".dvc" / "plots")
    (tmp_path / ".dvc" / "config").write_text("[core]\n    analytics = false\n    no_scm = true\n")
    for name in shown:
        table = tmp_path / "metrics" / "plots" / "mine" / name
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text("f1,name,length,granularity,recall,precision,subject,low,high,type,branch\n"
                         "0.5,a,1,0.5,0.5,0.5,s,0.4,0.6,me,flow\n")  # fmt: skip
    environment = {**os.environ, "DVC_NO_ANALYTICS": "true"}
    environment.pop("DVC_ROOT", None)
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "plots", "show", "--out", "plots"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    page = (tmp_path / "plots" / "index.html").read_text(encoding="utf-8")
    assert page.count('"text": "mine, ') == len(shown)
