from __future__ import annotations

import pytest
import torch

from mespot.core.errors import MespotError
from mespot.models.weights import save_description, save_weights
from mespot.models.zoo import create_encoder
from mespot.pipeline.finetune import finetune
from tests.pipeline.conftest import SET, expressions, people, write_motion

MODEL = "lgi_former_tiny_24"
SMALL = {
    "finetune__base__granularities": [0.5, 0.7], "finetune__base__steps": 2,
    "finetune__base__batch": 4, "finetune__base__checkpoint_every": 1,
}  # fmt: skip


@pytest.fixture
def ready(toy):
    """Index, motion and an encoder with fresh weights."""
    torch.set_num_threads(1)
    toy.settings(**SMALL)
    toy.index(people(), expressions())
    for seed, name in enumerate(people()["video"]):
        write_motion(toy, name, seed)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_weights(toy.artifact("pretrain/encoder.safetensors"), create_encoder(MODEL))
    save_description(toy.artifact("pretrain"), {"model": MODEL, "input": "motion"})
    return toy


def trained(toy):
    finetune(SET)
    out = toy.artifact("finetune", SET)
    weights = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.saf*")}
    return toy.json("finetune", SET, "folds.json"), weights


def test_a_classifier_depends_on_the_other_folds_subjects_alone(ready):
    described, before = trained(ready)
    folds = described["folds"]
    assert set(folds) == {"s0", "s1", "s2", "s3"} and set(folds.values()) == {0, 1, 2}
    assert described["granularities"] == [0.5, 0.7] and described["folders"] == ["0.5", "0.7"]
    names = [f"fold{k}" for k in range(3)] + ["all"]
    assert set(before) == {f"{folder}/{name}.safetensors" for folder in ("0.5", "0.7")
                           for name in names}  # fmt: skip
    # another face and other events of one subject: who never saw it must not notice
    videos, events = people(), expressions()
    other = videos["subject"] == "s3"
    for name in videos["video"][other]:
        write_motion(ready, name, 70)
    events.loc[other, ["onset", "offset", "type"]] = [[5, 15, "me"]] * int(other.sum())
    ready.index(videos, events)
    after = trained(ready)[1]
    same = {name for name in before if before[name] == after[name]}
    assert same == {f"{folder}/fold{folds['s3']}.safetensors" for folder in ("0.5", "0.7")}


def test_a_second_run_gives_the_same_bytes_and_leaves_nothing_old(ready):
    first = trained(ready)[1]
    left = ready.artifact("finetune", SET, "0.5", "fold9.safetensors")
    left.write_bytes(b"old")
    assert trained(ready)[1] == first


def test_a_set_without_events_is_told_where_it_belongs(ready):
    ready.index(people(), expressions()[:0])
    with pytest.raises(MespotError, match="expected it under `unlabelled`"):
        finetune(SET)
