from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mespot.classification.scoring import class_probabilities
from mespot.classification.train import judge
from mespot.core.errors import MespotError
from mespot.models.inputs import to_unit
from mespot.tables.clip_list import read_clip_list
from mespot.training.engine.distributed import alone
from tests.classification.toy_clips import section, write_clip

CPU = alone(torch.device("cpu"))


class Brightness(nn.Module):
    """Logits (0, 20 x mean brightness of the clip - 10): softmax is not linear in the clip."""

    def __init__(self):
        super().__init__()
        self.config = {"outputs": 2}
        self.encoder = nn.Linear(1, 1)
        self.encoder.config = {"frames": 16, "size": 32}

    def forward(self, video):
        level = to_unit(video, "rgb").mean((1, 2, 3, 4))
        return torch.stack((torch.zeros_like(level), 20 * level - 10), 1)


@pytest.fixture
def ramp(tmp_path):
    """Videos that grow brighter from frame to frame, of several lengths, and a still."""
    lines = []
    for name, count in (("long", 100), ("short", 9), ("medium", 70), ("still", 1)):
        levels = np.linspace(20, 235, count).astype(np.uint8)
        pixels = np.repeat(levels, 48 * 48 * 3).reshape(count, 48, 48, 3)
        lines.append(f"{write_clip(tmp_path / name, 'folder', pixels)} {count % 2}\n")
    (tmp_path / "test.txt").write_text("".join(lines))
    return read_clip_list(tmp_path / "test.txt", tmp_path)


def expected(count, windows):
    levels = np.linspace(20, 235, count).astype(np.uint8) / 255
    logits = np.array([20 * levels[window].mean() - 10 for window in windows])
    return (1 / (1 + np.exp(-logits))).mean()


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("at_once", [1, 3])
def test_two_windows_are_averaged_after_the_softmax(ramp, at_once, workers):
    params = section(test_batch=at_once, workers=workers, short="published")
    scores = class_probabilities(Brightness(), ramp, params, "rgb", CPU)
    kept = np.arange(0, 100, 4)
    wanted = [
        expected(100, [kept[:16], kept[-16:]]),
        expected(9, [[0, 4] + [8] * 14]),
        expected(70, [np.arange(0, 64, 4), np.arange(8, 72, 4)]),
        expected(1, [[0] * 16]),
    ]
    np.testing.assert_allclose(scores[:, 1], wanted, atol=0.02)
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-6)
    assert abs(wanted[0] - expected(100, [np.concatenate((kept[:16], kept[-16:]))])) > 0.03


def test_spread_sees_a_short_video_to_its_end(ramp):
    scores = class_probabilities(Brightness(), ramp, section(short="spread"), "rgb", CPU)
    even = np.linspace(0, 8, 16).round().astype(int)
    assert scores[1, 1] == pytest.approx(expected(9, [even]), abs=0.02)


def test_figures_come_from_the_labels_of_the_list(ramp):
    found, entropy = judge(np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]), ramp)
    assert [clip.label for clip in ramp.clips] == [0, 1, 0, 1]
    assert found.war == found.uar == 0.5
    assert entropy == pytest.approx(-np.log([0.9, 0.2, 0.4, 0.7]).mean())


@pytest.mark.parametrize("workers", [0, 1])
def test_an_unreadable_clip_is_never_left_out_of_a_test(ramp, workers):
    broken = ramp.clips[2].path / "33.jpg"
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises(MespotError) as error:
        class_probabilities(Brightness(), ramp, section(workers=workers), "rgb", CPU)
    assert str(broken) in str(error.value) and "\n" not in str(error.value)
