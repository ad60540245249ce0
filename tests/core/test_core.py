from __future__ import annotations

import hashlib
import multiprocessing

import numpy as np
import pandas as pd
import pytest

from mespot.core import fingerprint
from mespot.core.errors import MespotError
from mespot.core.events import INTERVAL_COLUMNS, check_table, iou_matrix, suppress
from mespot.core.files import atomic_path, read_json, read_npz, write_csv, write_json, write_npz
from mespot.core.fingerprint import Resume, hash_path, stage_fingerprint
from mespot.core.parallel import map_videos
from mespot.core.project import Project, exclusive, find_root


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"x": 1})
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert read_json(path) == {"x": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_written_bytes_do_not_depend_on_order_or_time(tmp_path):
    digests = []
    for order in (["a", "b"], ["b", "a"]):
        arrays = {key: np.arange(3) for key in order}
        write_npz(tmp_path / "x.npz", arrays)
        write_json(tmp_path / "x.json", {key: 0.1 for key in order})
        write_csv(tmp_path / "x.csv", pd.DataFrame({"v": [0.1 + 0.2]}))
        digests.append(
            [
                hashlib.md5((tmp_path / name).read_bytes()).hexdigest()
                for name in ("x.npz", "x.json", "x.csv")
            ]
        )
    assert digests[0] == digests[1]


def test_an_npz_with_pickled_objects_is_refused(tmp_path):
    np.savez(tmp_path / "evil.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(MespotError, match="evil.npz"):
        read_npz(tmp_path / "evil.npz")


def test_nan_is_not_written_as_json(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / "x.json", {"f1": float("nan")})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"onset": "x"}, ["row 3", "onset", "'x'"]),
        ({"onset": 1.5}, ["row 3", "1.5"]),
        ({"onset": -1}, ["row 3", "-1"]),
        ({"offset": 2}, ["row 3", "before onset"]),
        ({"type": "micro"}, ["row 3", "micro", "me or mae"]),
    ],
)
def test_table_faults_name_file_and_row(change, words):
    rows = [["a", 1, 5, "me", 0.5], ["a", 4, 9, "mae", 0.5]]
    table = pd.DataFrame(rows, columns=list(INTERVAL_COLUMNS)).astype(object)
    for name, value in change.items():
        table.loc[1, name] = value
    with pytest.raises(MespotError) as caught:
        check_table(table, INTERVAL_COLUMNS, "p.csv")
    message = str(caught.value)
    assert "p.csv" in message and "\n" not in message
    for word in words:
        assert word in message
    with pytest.raises(MespotError, match="column 'type' is missing"):
        check_table(table.drop(columns="type"), INTERVAL_COLUMNS, "p.csv")


def test_iou_is_inclusive():
    assert iou_matrix([[0, 9]], [[5, 9], [0, 9], [10, 12]]).tolist() == [[0.5, 1.0, 0.0]]
    assert iou_matrix(np.empty((0, 2)), [[1, 2]]).shape == (0, 1)


def test_suppression_keeps_the_best_and_what_lies_apart():
    spans = [[0, 10], [1, 11], [50, 60]]
    assert suppress(np.array(spans), np.array([0.5, 0.9, 0.1]), 0.3).tolist() == [1, 2]


def fingerprint_project(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("1")
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  flow:\n    deps:\n      - code\n      - data/${item.dataset}\n"
        "    params:\n      - flow.rate\n"
    )
    (tmp_path / "params.yaml").write_text("flow:\n  rate: 5\n  other: 1\nfuse: 2\n")
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "x").write_text(name)
    return tmp_path


def test_fingerprint_follows_params_data_and_code_and_nothing_else(tmp_path):
    root = fingerprint_project(tmp_path)
    first = stage_fingerprint(root, "flow", {"dataset": "a"})
    assert stage_fingerprint(root, "flow", {"dataset": "b"}) != first
    (root / "params.yaml").write_text("flow:\n  rate: 5\n  other: 9\nfuse: 3\n")
    (root / "code" / "__pycache__").mkdir()
    (root / "code" / "__pycache__" / "a.pyc").write_text("x")
    assert stage_fingerprint(root, "flow", {"dataset": "a"}) == first
    (root / "params.yaml").write_text("flow:\n  rate: 6\n")
    changed = stage_fingerprint(root, "flow", {"dataset": "a"})
    assert changed != first
    (root / "code" / "a.py").write_text("2")
    assert stage_fingerprint(root, "flow", {"dataset": "a"}) != changed
    with pytest.raises(MespotError, match="no stage grid"):
        stage_fingerprint(root, "grid", {})


def test_a_finished_item_is_stale_when_code_of_the_package_changes(tmp_path, monkeypatch):
    code = tmp_path / "package" / "flow"
    code.mkdir(parents=True)
    (code / "a.py").write_text("1")
    monkeypatch.setattr(fingerprint, "_PACKAGE", code.parent)
    resume = Resume(tmp_path, ["flow"])
    key = resume.key("settings")
    assert resume.finish("video", key, [1.5]) == [1.5]
    fingerprint._code_hash.cache_clear()  # as in another process
    assert Resume(tmp_path, ["flow"]).key("settings") == key
    (code / "a.py").write_text("2")
    fingerprint._code_hash.cache_clear()
    changed = Resume(tmp_path, ["flow"])
    assert changed.key("settings") != key
    assert changed.done("video", changed.key("settings")) is None
    fingerprint._code_hash.cache_clear()


def test_code_that_a_resumed_call_depends_on_is_there(tmp_path):
    assert (fingerprint._PACKAGE / "__init__.py").is_file()
    with pytest.raises(FileNotFoundError):
        Resume(tmp_path, ["no_such_room"])


def test_hash_of_a_folder_sees_names(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_text("x")
    first = hash_path(tmp_path / "d")
    (tmp_path / "d" / "a").rename(tmp_path / "d" / "b")
    assert hash_path(tmp_path / "d") != first


def test_project_is_found_from_below(tmp_path, monkeypatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    root = fingerprint_project(tmp_path)
    assert find_root(root / "data" / "a") == root.resolve()
    assert Project.find(root).home == root.resolve()


def test_outside_a_project_is_one_line(tmp_path):
    with pytest.raises(MespotError, match="no dvc.yaml"):
        find_root(tmp_path)


def _hold(folder, ready, done):
    with exclusive(folder):
        ready.set()
        done.wait(30)


def test_a_second_run_of_the_same_work_is_refused(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(tmp_path, ready, done))
    holder.start()
    assert ready.wait(60)
    try:
        with pytest.raises(MespotError, match="held by another run"), exclusive(tmp_path):
            pass
    finally:
        done.set()
        holder.join()
    with exclusive(tmp_path):
        pass


def _double(value, factor):
    return value * factor


@pytest.mark.parametrize("jobs", [1, 2])
def test_parallel_results_keep_the_order(jobs):
    tasks = [(value, 3) for value in range(7)]
    assert map_videos(_double, tasks, jobs, "test") == [value * 3 for value in range(7)]
