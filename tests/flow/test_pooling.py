from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mespot.core.events import suppress_spans
from mespot.core.timing import Timing
from mespot.core.worker_pool import WorkerPool
from mespot.crops.grey_store import GreyWriter, open_crops
from mespot.flow.pooling import pool_video
from mespot.flow.regions import ANCHORS, EXPRESSIVE
from mespot.flow.remote import measured_by
from mespot.flow.spans import overlap, share_of_shorter
from mespot.params import load_params
from tests.flow.scenes import Scene, event, script

PARAMS = load_params().flow


@pytest.fixture
def regions():
    from mespot.flow.regions import make_regions

    rng = np.random.default_rng(1)
    landmarks = rng.uniform(40, 150, (68, 2))
    landmarks[36:42] = (68, 71) + rng.uniform(-8, 8, (6, 2))
    landmarks[42:48] = (124, 71) + rng.uniform(-8, 8, (6, 2))
    return make_regions(landmarks, 57.6, 192, 44.0)


def test_any_number_of_processes_gives_the_same_bytes(tmp_path):
    scene = Scene(script(3.0, [event("mae", "smile", 1.0, 0.9, 0.1)]), 25.0)
    usable = np.arange(len(scene.frame)) % 7 != 3
    track, file = scene.track(usable), tmp_path / "v.grey"
    params = PARAMS.model_copy(update={"stretch": 0.8, "overlap": 0.2})
    with GreyWriter(file) as writer:
        for index in range(len(track)):
            writer.append(scene.read(index, grey=True))
    reader = open_crops(file, track.size)
    found = [pool_video(reader, track, params)]
    with WorkerPool(3) as workers:
        begin = measured_by(workers, str(file), Timing())
        found.append(pool_video(reader, track, params, begin=begin))
    reader.close()
    assert np.isfinite(found[0].displacement[usable]).all()
    assert np.isnan(found[0].displacement[~usable]).all()
    assert found[0].displacement.tobytes() == found[1].displacement.tobytes()
    assert found[0].eyes.tobytes() == found[1].eyes.tobytes()


@pytest.mark.parametrize("seconds", [4.0, 4.1, 5.9])
def test_a_short_rest_of_a_video_looks_for_neutral_in_the_time_before(seconds, monkeypatch):
    scene = Scene(script(seconds, []), 25.0)
    asked = []

    def choose(_crops, indices, _regions, _timing):
        asked.append((indices[0] / 25, indices[-1] / 25))
        return int(indices[0])

    monkeypatch.setattr("mespot.flow.pooling.choose_reference", choose)
    params = PARAMS.model_copy(update={"stretch": 2.0, "overlap": 0.4})
    found = pool_video(scene, scene.track(), params)
    assert np.isfinite(found.displacement).all()
    last = (len(scene.frame) - 1) / 25
    assert asked[:2] == [(0.0, 1.96), (pytest.approx(1.6), 3.96)]
    assert asked[-1][1] == pytest.approx(last) and asked[-1][0] <= last - 1.9


def test_signals_go_on_where_one_reference_takes_over_from_another(monkeypatch):
    scene = Scene(script(6.0, []), 25.0)
    true = np.sin(np.arange(len(scene.frame)) / 20.0) + 0.01 * np.arange(len(scene.frame))

    def measured(_layout, reference, groups):
        # against a reference, nothing is known but the way from it
        for group in groups:
            moved = np.broadcast_to(
                (true[group] - true[reference])[:, None, None], (len(group), 1, 2)
            )
            yield (
                np.repeat(moved, len(EXPRESSIVE) + len(ANCHORS), axis=1),
                np.zeros((len(group), 2, 2)),
            )

    def farthest(_crops, indices, _regions, _timing):
        return int(indices[-1])

    monkeypatch.setattr("mespot.flow.pooling.choose_reference", farthest)
    params = PARAMS.model_copy(update={"stretch": 2.0, "overlap": 0.4})
    found = pool_video(scene, scene.track(), params, begin=measured).displacement
    way = found - found[:1]
    np.testing.assert_allclose(way, np.broadcast_to((true - true[0])[:, None, None], way.shape),
                               atol=1e-12)  # fmt: skip


def test_at_a_change_one_reference_fades_into_the_other(monkeypatch):
    scene = Scene(script(4.0, []), 25.0)

    def measured(_layout, reference, groups):
        # the second reference sees another slope, so that the two disagree within the overlap
        for group in groups:
            slope = 1.0 if reference < 50 else 3.0
            moved = np.broadcast_to((slope * group)[:, None, None], (len(group), 1, 2))
            yield (
                np.repeat(moved, len(EXPRESSIVE) + len(ANCHORS), axis=1),
                np.zeros((len(group), 2, 2)),
            )

    monkeypatch.setattr("mespot.flow.pooling.choose_reference", lambda _c, i, _r, _t: int(i[-1]))
    params = PARAMS.model_copy(update={"stretch": 2.0, "overlap": 0.4})
    found = pool_video(scene, scene.track(), params, begin=measured).displacement[:, 0, 0]
    shared = np.arange(40, 50)  # 1.6 to 2.0 s
    assert np.diff(found)[:39].tolist() == [1.0] * 39 and np.allclose(np.diff(found)[50:], 3.0)
    fade = np.arange(1, 11) / 11
    second = 3.0 * shared + np.median(shared - 3.0 * shared)
    np.testing.assert_allclose(found[shared], (1 - fade) * shared + fade * second)


def test_pooling_is_the_weighted_mean(regions):
    width, height = regions.size
    flow = np.random.default_rng(2).normal(size=(height, width, 2)).astype(np.float32)
    expected = regions.weights.astype(float) @ flow.reshape(-1, 2) / regions.iod
    assert np.allclose(regions.pool(flow), expected, atol=1e-6)


@pytest.mark.parametrize("share", [overlap, share_of_shorter])
def test_of_spans_that_clash_the_better_one_stays(share):
    rng = np.random.default_rng(3)
    starts, lengths = rng.uniform(-5, 100, 300), rng.uniform(0.1, 9, 300)
    spans = np.stack([starts, starts + lengths], axis=1)
    kept = []
    for index, span in enumerate(spans):
        if not kept or share(span, spans[kept]).max() <= 0.3:
            kept.append(index)
    assert 10 < len(kept) < 250
    assert suppress_spans(spans, share, 0.3).tolist() == kept
    assert len(suppress_spans(spans[:0], share, 0.3)) == 0


def test_the_flow_branch_starts_without_heavy_libraries():
    code = (
        "import sys, mespot.spotting.run\n"
        "heavy = ('torch', 'sklearn', 'scipy.optimize', 'matplotlib.figure', 'mlflow', 'plotly')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
