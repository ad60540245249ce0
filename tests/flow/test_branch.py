from __future__ import annotations

import pandas as pd
import pytest

from mespot.core.errors import MespotError
from mespot.crops.archive import CropWriter
from mespot.flow import branch as spot
from mespot.flow.signals import FlowSignals
from mespot.params import load_params
from tests.flow.scenes import Scene, event, script

PARAMS = load_params().flow


@pytest.fixture
def faces(tmp_path):
    folder = tmp_path / "faces"
    for name, events in (("b", [event("mae", "smile", 1.0, 0.9, 0.1)]), ("a", [])):
        scene = Scene(script(3.0, events), 25.0)
        scene.track().save(folder / f"{name}.npz")
        with CropWriter(folder / f"{name}.zip", 95) as writer:
            for index in range(len(scene.frame)):
                writer.append(scene.read(index, grey=True))
    return folder


def test_data_set_is_written_once_and_the_same(faces, tmp_path, monkeypatch):
    out, again = tmp_path / "out", tmp_path / "again"
    table = spot.flow_dataset(faces, ["b", "a"], out, tmp_path / "w1", PARAMS, 1)
    strong = table[table["score"] >= 0.5]
    assert list(strong["video"]) == ["b"] and list(strong["type"]) == ["mae"]
    assert sorted(p.name for p in out.iterdir()) == ["a.npz", "b.npz", "intervals.csv"]
    assert FlowSignals.load(out / "a.npz").frames == 75
    spot.flow_dataset(faces, ["b", "a"], again, tmp_path / "w2", PARAMS, 2)
    for file in out.iterdir():
        assert file.read_bytes() == (again / file.name).read_bytes(), file.name
    stored = pd.read_csv(out / "intervals.csv", dtype={"video": str})
    assert len(stored) == len(table)


def test_interrupted_run_goes_on(faces, tmp_path, monkeypatch):
    real, done = spot.flow_video, []

    def counting(crops, *args):
        name = crops._path.stem
        if name == "a" and not done.count("b") > 1 and "stop" in done:
            raise KeyboardInterrupt
        done.append(name)
        return real(crops, *args)

    monkeypatch.setattr(spot, "flow_video", counting)
    done.append("stop")
    with pytest.raises(KeyboardInterrupt):
        spot.flow_dataset(faces, ["b", "a"], tmp_path / "out", tmp_path / "work", PARAMS, 1)
    assert not (tmp_path / "out" / "intervals.csv").exists()
    done.remove("stop")
    spot.flow_dataset(faces, ["b", "a"], tmp_path / "out", tmp_path / "work", PARAMS, 1)
    assert done == ["b", "a"]


def test_changed_settings_make_finished_videos_stale(faces, tmp_path):
    first = spot._flow_task(str(faces), "b", str(tmp_path / "w"), PARAMS)
    patient = PARAMS.model_copy(update={"me_seconds": 10.0})
    second = spot._flow_task(str(faces), "b", str(tmp_path / "w"), patient)
    kinds = [[row["type"] for row in rows if row["score"] >= 0.5] for rows in (first, second)]
    assert kinds == [["mae"], ["me"]]


def test_missing_archive_is_one_line(faces, tmp_path):
    with pytest.raises(MespotError) as error:
        (faces / "x.npz").write_bytes((faces / "b.npz").read_bytes())
        spot._flow_task(str(faces), "x", str(tmp_path), PARAMS)
    assert "x.zip" in str(error.value) and "\n" not in str(error.value)
