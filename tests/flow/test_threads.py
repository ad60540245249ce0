from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mespot.flow.estimate import make_flow
from mespot.flow.reference import pool_video
from mespot.flow.spans import keep_apart, overlap, share_of_shorter


class Crops:
    """Smooth pictures that drift."""

    def __init__(self, count: int, size: int) -> None:
        import cv2

        rng = np.random.default_rng(0)
        wide = cv2.GaussianBlur(rng.integers(0, 255, (size, size + count), np.uint8), (0, 0), 3)
        self.pictures = [wide[:, at : at + size].copy() for at in range(count)]

    def read(self, index: int, grey: bool = False) -> np.ndarray:
        return self.pictures[index]


@pytest.fixture
def regions():
    from mespot.flow.regions import make_regions

    rng = np.random.default_rng(1)
    landmarks = rng.uniform(40, 150, (68, 2))
    landmarks[36:42] = (68, 71) + rng.uniform(-8, 8, (6, 2))
    landmarks[42:48] = (124, 71) + rng.uniform(-8, 8, (6, 2))
    return make_regions(landmarks, 57.6, 192, 44.0)


@pytest.mark.parametrize("method", ["farneback", "dis"])
def test_any_number_of_threads_gives_the_same_bytes(regions, method):
    crops, time = Crops(40, 192), np.arange(40) / 30
    usable = np.arange(40) % 7 != 3
    found = [
        pool_video(crops, time, usable, regions, make_flow(method), 0.8, 0.2, threads)
        for threads in (1, 3)
    ]
    assert found[0].displacement.tobytes() == found[1].displacement.tobytes()
    assert found[0].eyes.tobytes() == found[1].eyes.tobytes()


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
    assert keep_apart(spans, share, 0.3).tolist() == kept
    assert len(keep_apart(spans[:0], share, 0.3)) == 0


def test_the_flow_branch_starts_without_heavy_libraries():
    code = (
        "import sys, mespot.spot\n"
        "heavy = ('torch', 'sklearn', 'scipy.optimize', 'matplotlib.figure', 'mlflow', 'plotly')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
