from __future__ import annotations

import pytest

from mespot.core.project import Project
from mespot.params import load_params
from mespot.preflight import check_dataset


@pytest.fixture
def project(root, tmp_path, monkeypatch):
    """A project whose ``data.root`` is the relative folder ``raw``."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    folder = tmp_path / "project"
    (folder / "raw").mkdir(parents=True)
    (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    text = (root / "params.yaml").read_text(encoding="utf-8")
    assert 'root: ""' in text
    (folder / "params.yaml").write_text(text.replace('root: ""', "root: raw"), encoding="utf-8")
    return Project(root=folder, home=folder)


@pytest.fixture
def raw(project):
    """The data root of the project."""
    return project.root / "raw"


@pytest.fixture
def check(project):
    """Check a data set of the project; keywords override section ``data``."""

    def call(dataset, root=None, frames=True, **data):
        params = load_params(project.params)
        data = params.data.model_copy(update=data)
        return check_dataset(
            dataset, project, params.model_copy(update={"data": data}), root, frames
        )

    return call


def texts(result, name, level=None):
    """All texts of the findings of one name, joined by lines."""
    return "\n".join(
        finding.text
        for finding in result.findings
        if finding.name == name and level in (None, finding.level)
    )
