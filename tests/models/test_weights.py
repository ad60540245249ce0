from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mespot.core.errors import MespotError
from mespot.models.classifier import Classifier
from mespot.models.inference import predict
from mespot.models.weights import (
    load_classifier,
    load_weights,
    read_description,
    save_description,
    save_weights,
)
from mespot.models.zoo import create_encoder

NAME = "lgi_former_tiny_64"


def _classifier(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Classifier(create_encoder(NAME))
        torch.nn.init.normal_(model.head.weight)
    return model.eval()


def _save(folder, model):
    save_weights(folder / "fold0.safetensors", model)
    save_description(folder, {"model": NAME, "input": "flow", "classifier": model.config})


def test_round_trip_gives_the_same_probabilities(tmp_path):
    model = _classifier(1)
    _save(tmp_path, model)
    loaded, description = load_classifier(tmp_path, "fold0")
    clips = np.random.default_rng(0).integers(0, 255, (3, 16, 64, 64), dtype=np.uint8)
    found = predict(loaded, clips, description["input"])
    assert found.shape == (3, 2) and found.dtype == np.float32
    assert np.array_equal(found, predict(model, clips, "flow"))
    assert 0 <= found.min() and found.max() <= 1 and np.ptp(found) > 0


def test_the_same_weights_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save_weights(tmp_path / name, _classifier(2))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_missing_misshapen_and_unknown_tensors_are_named(tmp_path):
    path = tmp_path / "w.safetensors"
    model = _classifier(3)
    save_weights(path, model)
    state = load_file(path)
    save_file({k: v for k, v in state.items() if k != "head.bias"}, path)
    with pytest.raises(MespotError, match=r"w.safetensors: tensor head.bias is missing"):
        load_weights(path, model)
    save_file({**state, "head.bias": torch.zeros(7)}, path)
    with pytest.raises(MespotError, match=r"head.bias: found shape \(7,\), expected \(2,\)"):
        load_weights(path, model)
    save_file({**state, "surplus": torch.zeros(1)}, path)
    with pytest.raises(MespotError, match="unknown tensor surplus"):
        load_weights(path, model)


def test_damaged_and_absent_files_are_one_line(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"no weights")
    for file in (path, tmp_path / "absent.safetensors"):
        with pytest.raises(MespotError, match="cannot be read") as error:
            load_weights(file, _classifier(4))
        assert "\n" not in str(error.value)


def test_a_description_without_input_is_refused(tmp_path):
    save_description(tmp_path, {"model": NAME})
    with pytest.raises(MespotError, match="key input"):
        read_description(tmp_path)
