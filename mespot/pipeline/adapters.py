"""Stage `adapters`: which version of its adapter each data set is read with.

DVC cannot look up in ``dvc.yaml`` which module reads a data set of a given name. So this stage
notes it, one file per data set, and ``index`` of a set depends on the set's own note: a changed
adapter indexes the sets that it reads, and no others.
"""

from __future__ import annotations

from mespot.core.files import write_json
from mespot.core.fingerprint import hash_path
from mespot.core.project import Project
from mespot.datasets.adapter import code_of
from mespot.params import load_params
from mespot.pipeline.stage import fresh


def adapters() -> None:
    """Write the checksums of the adapter's modules, per data set. Not worth an MLflow run."""
    project = Project.find()
    params = load_params(project.params)
    out = fresh(project.artifact("adapters"))
    for dataset in (*params.datasets, *params.unlabelled):
        code = {file.stem: hash_path(file) for file in code_of(dataset)}
        write_json(out / f"{dataset}.json", {"adapter": code})
