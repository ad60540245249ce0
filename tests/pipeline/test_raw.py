from __future__ import annotations

import pytest

from mespot.core.errors import MespotError
from mespot.core.files import write_json
from mespot.core.project import Project
from mespot.pipeline.raw import raw_root


def test_embedded_frames_are_found_or_their_command_is_named(params, tmp_path):
    project = Project(tmp_path, tmp_path)
    write_json(tmp_path / "artifacts" / "synth" / "source.json", {"folder": "abc"})
    with pytest.raises(MespotError, match="mespot synth"):
        raw_root(params, project)
    (tmp_path / "data" / "embedded" / "abc").mkdir(parents=True)
    assert raw_root(params, project) == tmp_path / "data" / "embedded" / "abc"


def test_real_data_lie_below_the_named_root(params, tmp_path):
    data = params.data.model_copy(update={"root": "../sets"})
    named = params.model_copy(update={"data": data})
    assert raw_root(named, Project(tmp_path, tmp_path)) == tmp_path / "../sets"
