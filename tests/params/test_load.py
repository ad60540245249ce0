from __future__ import annotations

import pytest

from mespot.core.errors import MespotError
from mespot.params import load_params, per_dataset


def changed(root, tmp_path, old, new):
    text = (root / "params.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_shipped_params_load(params):
    assert params.datasets == ("samm_lv", "casme3")
    assert params.finetune["samm_lv"].batch == params.finetune["base"].batch


def test_scientific_notation_is_a_number(root, tmp_path):
    path = changed(root, tmp_path, "weight_decay: 0.05", "weight_decay: 1e-4")
    assert load_params(path).pretrain.weight_decay == 1e-4


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("folds: 3", "fold: 3", ["data.fold", "spelling"]),
        ("folds: 3", "folds: 1", ["data.folds", "found 1"]),
        ("folds: 3", "folds: many", ["data.folds", "'many'"]),
        ("difficulty: planar", "difficulty: brutal", ["synth.difficulty", "'brutal'"]),
        ("- 2.0\n  step:", "- 2\n  step:", ["slices.lengths", "decimal point"]),
        ("overlap: 0.6 ", "overlap: 60.0 ", ["flow", "overlap below stretch", "not 60 s"]),
        ("seed: 7", "seed: [", ["line"]),
        ("seed: 7", "", ["seed", "missing"]),
        ("unlabelled: []", "unlabelled: [casme3]", ["unlabelled", "not casme3"]),
        ("unlabelled: []", "unlabelled: [a, a]", ["unlabelled", "each data set once"]),
        ("unlabelled: []", "unlabelled: [../a]", ["unlabelled", "'../a'", "letters"]),
    ],
)
def test_faults_are_one_line_with_file_and_key(root, tmp_path, old, new, words):
    path = changed(root, tmp_path, old, new)
    with pytest.raises(MespotError) as caught:
        load_params(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    assert len(message) < len(str(path)) + 150  # not a whole section
    for word in words:
        assert word in message


def test_missing_file_is_one_line(tmp_path):
    with pytest.raises(MespotError, match="cannot be read"):
        load_params(tmp_path / "nowhere.yaml")


def test_a_dataset_overlays_the_base():
    merged = per_dataset({"base": {"lr": 1, "steps": 5}, "samm_lv": {"lr": 2}, "casme3": None})
    assert merged["samm_lv"] == {"lr": 2, "steps": 5}
    assert merged["casme3"] == {"lr": 1, "steps": 5}


def test_every_value_has_a_description():
    from pydantic import BaseModel

    from mespot.params.load import Params

    def walk(model):
        for name, field in model.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                walk(inner)
            else:
                assert field.description, f"{model.__name__}.{name} has no description"
                assert field.is_required(), f"{model.__name__}.{name} hides a value in the code"

    walk(Params)
