from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.core.files import read_npz, write_npz
from mespot.flow.forest import _HOPELESS, Forest

# two trees: "a <= 1 ? (b <= -2 ? 10 : 20) : 40", and a leaf of 3
FOREST = Forest(
    feature=np.array([[0, 1, 0, 0, 0], [0, 0, 0, 0, 0]], np.int16),
    border=np.array([[1, -2, 0, 0, 0], [0, 0, 0, 0, 0]], np.float32),
    left=np.array([[1, 3, -1, -1, -1], [-1, -1, -1, -1, -1]], np.int16),
    value=np.array([[0, 0, 40, 10, 20], [3, 0, 0, 0, 0]], np.float32),
    names=("a", "b"),
    rise=np.array([0.5, 13.0]),
)
ROWS = np.array([[0, -3], [0, 0], [2, -3], [1, -2], [np.nextafter(np.float32(1), 2), -2]])
SUMS = [13.0, 23.0, 43.0, 13.0, 43.0]  # what lies on a border goes left


def test_trees_are_followed_to_their_leaves():
    np.testing.assert_array_equal(FOREST.total(ROWS.astype(np.float32)), SUMS)
    assert FOREST.total(np.empty((0, 2), np.float32)).shape == (0,)


def test_scores_are_half_at_the_shift_and_rise_with_the_sum():
    scores = FOREST.score(ROWS.astype(np.float32))
    np.testing.assert_allclose(scores, 1.0 / (1.0 + np.exp(-0.5 * (np.array(SUMS) - 13.0))))
    assert scores[0] == 0.5


def test_blocks_of_rows_change_nothing(monkeypatch):
    rows = np.random.default_rng(0).normal(0.0, 2.0, (50, 2)).astype(np.float32)
    whole = FOREST.total(rows)
    monkeypatch.setattr("mespot.flow.forest._BLOCK", 7)
    np.testing.assert_array_equal(FOREST.total(rows), whole)
    assert len(np.unique(whole)) == 3


def _logistic(value):
    return 1.0 / (1.0 + np.exp(-value))


def test_what_the_first_fit_finds_hopeless_is_not_asked_of_the_others():
    # two fits of a tree each: 10, 20 or 40, and 3 whatever happens
    forest = dataclasses.replace(FOREST, fits=2)
    rows = ROWS.astype(np.float32)
    np.testing.assert_array_equal(forest.total(rows), SUMS)
    found = forest.total(rows, hopeless=30.0)  # twice 10 is below, twice 20 is not
    np.testing.assert_array_equal(found, [20.0, 23.0, 43.0, 20.0, 43.0])
    # scores ask the others down to some way below the operating point: from below 20, then above
    near, far = (
        dataclasses.replace(forest, rise=np.array([1.0, shift])).score(rows)
        for shift in (20.0 + _HOPELESS - 0.05, 20.0 + _HOPELESS + 0.05)
    )
    np.testing.assert_allclose(near, _logistic(np.array(SUMS) - 20.0 - _HOPELESS + 0.05))
    changed = np.array([20.0, 23.0, 43.0, 20.0, 43.0])
    np.testing.assert_allclose(far, _logistic(changed - 20.0 - _HOPELESS - 0.05))


def test_a_forest_is_saved_and_read_the_same(tmp_path):
    for name in ("one", "two"):
        FOREST.save(tmp_path / f"{name}.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    loaded = Forest.load(tmp_path / "one.npz")
    assert loaded.names == ("a", "b")
    for field in dataclasses.fields(Forest):
        saved, read = (np.asarray(getattr(one, field.name)) for one in (FOREST, loaded))
        assert saved.dtype.kind == read.dtype.kind
        np.testing.assert_array_equal(saved, read)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Forest)])
def test_a_missing_array_is_one_line(tmp_path, name):
    FOREST.save(tmp_path / "whole.npz")
    arrays = read_npz(tmp_path / "whole.npz")
    del arrays[name]
    write_npz(tmp_path / "part.npz", arrays)
    with pytest.raises(MespotError, match=f"part.npz: no array '{name}'") as error:
        Forest.load(tmp_path / "part.npz")
    assert "\n" not in str(error.value)


def test_a_file_that_is_none_is_one_line(tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"no npz")
    for name in ("absent.npz", "broken.npz"):
        with pytest.raises(MespotError, match=name):
            Forest.load(tmp_path / name)


def test_trees_of_lightgbm_give_its_own_predictions():
    lightgbm = pytest.importorskip("lightgbm")
    from segment_training import as_forest  # needs lightgbm

    rng = np.random.default_rng(4)
    # some columns of few values, so that rows lie on borders
    rows = np.column_stack([rng.normal(size=(3000, 4)), rng.integers(0, 4, (3000, 3)) / 3.0])
    rows = rows.astype(np.float32)
    wanted = np.sin(rows[:, 0]) + rows[:, 4] * rows[:, 1] - (rows[:, 5] > 0.5)
    models = [
        lightgbm.LGBMRegressor(
            n_estimators=30, num_leaves=15, n_jobs=1, verbose=-1, random_state=seed,
            deterministic=True, force_row_wise=True, feature_fraction=0.5,
        ).fit(rows, wanted)
        for seed in (0, 1)
    ]  # fmt: skip
    names = [f"f{number}" for number in range(7)]
    forest = as_forest(models, names, 0.4)
    assert set(forest.names) <= set(names) and len(forest.names) > 4
    new = np.concatenate([rows, rng.normal(size=(3000, 7)).astype(np.float32)])
    # and rows that lie on the borders themselves
    edges = forest.border[forest.left > 0]
    new = np.concatenate([new, rng.choice(edges, (2000, 7)).astype(np.float32)])
    own = np.mean([model.predict(new) for model in models], axis=0)
    columns = [names.index(name) for name in forest.names]
    np.testing.assert_allclose(forest.total(new[:, columns]), own, atol=1e-5)
    assert own.std() > 0.3
    np.testing.assert_allclose(forest.rise[1], 0.4)
