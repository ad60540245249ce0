"""What two processes do together, started by torchrun.

Usage: two_processes.py FACES ENCODER VIDEOS OUT.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from toy_training import FOLDS, ToyTask, archives, finetune_section, make_events, make_videos
from toy_training import pretrain_section as section

from mespot.core.errors import MespotError
from mespot.training.engine.distributed import collect, process_group, shard
from mespot.training.engine.loop import fit
from mespot.training.engine.settings import LoopSettings
from mespot.training.finetune import finetune
from mespot.training.pretrain import pretrain
from mespot.video.video_list import VideoList


def stream_section(**changes):
    small = dict(source="list", videos="x", input="rgb", span=0.64, batch=3, crop_scales=(1, 0.75))
    return section(**{**small, **changes})


def settings(**changes) -> LoopSettings:
    values = dict(
        steps=4, batch=5, lr=0.1, weight_decay=0.05, warmup=0.2, betas=(0.9, 0.95),
        layer_decay=0.8, checkpoint_every=2,
    )  # fmt: skip
    return LoopSettings(**{**values, **changes})


def failure(action) -> str:
    try:
        action()
    except MespotError as error:
        return str(error)
    return ""


def main(faces: Path, encoder: Path, videos: Path, out: Path) -> None:
    torch.set_num_threads(1)
    found: dict = {}
    with process_group() as group:
        own = shard(5, group)
        found["rows"] = own.tolist()
        found["squares"] = collect(np.stack([own**2, -own], 1), 5, group).tolist()
        found["none"] = collect(np.empty((len(shard(1, group)), 2)), 1, group).shape

        def fail():
            with group.together():
                if group.rank == 1:
                    raise MespotError("crops.zip: torn")

        found["together"] = failure(fail)
        order = out / "order.txt"
        group.main_first(lambda: open(order, "a").write(str(group.rank)))
        for name, changes in (("even", {}), ("micro", {"accumulate": 2})):
            task = ToyTask(5, drop_path=0)
            curve = fit(task, settings(**changes), 3, out / name, lambda *_: None, group=group)
            found[name] = [row["loss"] for row in curve]
        found["same"] = len(
            {w.tobytes() for w in group.gather(task.model.head.weight.detach().numpy())}
        )
        found["poison"] = failure(
            lambda: fit(ToyTask(5, poison=(3, 1)), settings(), 3, out / "poison", lambda *_: None,
                        group=group)
        )  # fmt: skip
        steps: list[int] = []
        params = section(batch=3)
        curve = pretrain(
            archives(faces), params, 7, out / "work", out / "pretrain",
            lambda step, _: steps.append(step), group=group,
        )  # fmt: skip
        found["pretrain"] = [row["loss"] for row in curve]
        found["logged"] = steps
        curve = pretrain(
            VideoList(videos), stream_section(workers=1), 7, out / "work3", out / "stream",
            lambda *_: None, group=group,
        )  # fmt: skip
        found["stream"] = [row["loss"] for row in curve]
        finetune(
            make_videos(), make_events(), archives(faces), encoder,
            finetune_section(drop_path=0.0, keep="best", validation=0.5), {**FOLDS, "s2": 2}, 7,
            out / "work2", out / "finetune", lambda *_: None, group=group,
        )  # fmt: skip
        (out / f"rank{group.rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
