from __future__ import annotations

from dataclasses import fields

import pytest
from pydantic import ValidationError
from toy_training import finetune_section, pretrain_section

from mespot.training.engine.settings import LoopSettings, loop_settings


def test_every_setting_of_the_loop_comes_from_its_param():
    given = dict(
        steps=9, batch=8, lr=0.3, weight_decay=0.2, warmup=0.4, betas=(0.5, 0.6),
        checkpoint_every=3, final_lr=0.7, final_weight_decay=0.8, clip_norm=2.0, accumulate=2,
        precision="bf16", ema=0.3, compile=True, prefetch=4, keep="best", log_every=6,
    )  # fmt: skip
    wanted = LoopSettings(**given, layer_decay=0.9, stop_after=0.5)
    assert loop_settings(pretrain_section(**given, stop_after=0.5), layer_decay=0.9) == wanted
    assert set(given) | {"layer_decay", "stop_after"} == {one.name for one in fields(LoopSettings)}
    assert wanted.stop == 4 and wanted.peak == pytest.approx(0.3 * 8 / 256)


@pytest.mark.parametrize(
    "section, changes, said",
    [
        (pretrain_section, {"precision": "half"}, "precision"),
        (pretrain_section, {"betas": (0.9, 1.0)}, "below 1"),
        (pretrain_section, {"crop_scales": (0.75, 1.0)}, "falling"),
        (pretrain_section, {"crop_scales": (1.0, 0.1)}, "falling"),
        (pretrain_section, {"source": "list"}, "videos must name a list"),
        (pretrain_section, {"videos": "list.txt"}, "videos must name a list"),
        (pretrain_section, {"frame_crop": (0.5, 0.5, 0.0)}, "three shares"),
        (pretrain_section, {"stop_after": 0.0}, "stop_after"),
        (pretrain_section, {"ema": 1.0}, "ema"),
        (pretrain_section, {"accumulate": 0}, "accumulate"),
        (finetune_section, {"crop_area": (0.9, 0.5)}, "crop_area"),
        (finetune_section, {"crop_area": (0.0, 1.0)}, "crop_area"),
        (finetune_section, {"erase_area": (0.1, 1.5)}, "erase_area"),
        (finetune_section, {"validation": 0.3}, "keep: best"),
        (finetune_section, {"mixup": -0.1}, "mixup"),
        (finetune_section, {"rand_magnitude": 11}, "rand_magnitude"),
    ],
)
def test_values_out_of_range_are_refused_by_name(section, changes, said):
    with pytest.raises(ValidationError, match=said):
        section(**changes)
