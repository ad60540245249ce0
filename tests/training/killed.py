"""Trains, kills itself at a given moment, resumes; one process per life, forked from this one.

Usage: killed.py pretrain|finetune FACES OUT [ENCODER], or list|shards VIDEOS OUT for pre-training
on videos (their list, the folder of shards). Writes the digest of the weights of an uninterrupted
run and of every killed and resumed run, as JSON, to standard output.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from pathlib import Path

import matplotlib.backends.backend_agg  # noqa: F401 - before forking: once for all lives
import matplotlib.figure  # noqa: F401
import torch
import torch._dynamo  # noqa: F401
from toy_training import FOLDS, archives, finetune_section, make_events, make_videos
from toy_training import pretrain_section as section

import mespot.training.engine.checkpoint as checkpoint
from mespot.training.finetune import finetune
from mespot.training.pretrain import pretrain
from mespot.video.shards import Shards
from mespot.video.video_list import VideoList

# what dies: in a step, with half a checkpoint written, before and after its rename, at the end
MOMENTS = ("step 1", "half 1", "rename 2", "after 2", "end")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(moment: str):
    """Make this process kill itself at ``moment``; returns the log that counts steps."""
    kind, _, number = moment.partition(" ")
    saves = 0
    save, replace = torch.save, os.replace

    def torn(content, stream):
        nonlocal saves
        saves += 1
        if kind == "half" and saves == int(number):
            save(content, stream)
            size = stream.tell()
            stream.truncate(size // 2)
            stream.flush()
            die()
        save(content, stream)

    def renamed(source, destination):
        mine = str(destination).endswith("checkpoint.pt")
        if kind == "rename" and mine and saves >= int(number):
            die()
        replace(source, destination)
        if kind == "after" and mine and saves >= int(number):
            die()
        if kind == "end" and str(destination).endswith(".safetensors"):
            die()

    checkpoint.torch.save, os.replace = torn, renamed
    return lambda step, _: die() if kind == "step" and step == int(number) else None


def train(what: str, faces: Path, out: Path, encoder: Path | None, log) -> None:
    if what == "pretrain":
        params = section(steps=5, ema=0.9, prefetch=1)
        pretrain(archives(faces), params, 7, out / "work", out / "out", log)
    elif what in ("list", "shards"):
        # ten clips out of six videos: the end of an epoch lies inside a batch
        params = section(
            source=what, videos="x", input="rgb", span=0.64, steps=5, workers=1, ema=0.9,
            crop_scales=(1.0, 0.75),
        )  # fmt: skip
        source = VideoList(faces) if what == "list" else Shards(faces, out / "table.npz", 2)
        pretrain(source, params, 7, out / "work", out / "out", log)
    else:
        params = finetune_section(steps=5, keep="best", accumulate=2)
        finetune(
            make_videos(), make_events(), archives(faces), encoder, params, FOLDS, 7, out / "work",
            out / "out", log, torch.device("cpu"),
        )  # fmt: skip


def life(*arguments, moment: str = "") -> int:
    """Train in a process of its own; returns the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            train(*arguments, arm(moment) if moment else lambda *_: None)
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def digest(out: Path) -> str:
    files = sorted((out / "out").rglob("*.*"))
    found = [(str(file.relative_to(out)), file.read_bytes()) for file in files if file.is_file()]
    assert any(name.endswith(".safetensors") for name, _ in found)
    return hashlib.sha256(repr(found).encode()).hexdigest()


def main(what: str, faces: str, out: str, encoder: str = "") -> None:
    torch.set_num_threads(1)
    place = lambda name: (what, Path(faces), Path(out) / name, Path(encoder))  # noqa: E731
    assert life(*place("whole")) == 0
    result = {"whole": digest(Path(out) / "whole")}
    for moment in MOMENTS:
        killed = life(*place(moment), moment=moment)
        assert killed == signal.SIGKILL, (moment, killed)
        assert life(*place(moment)) == 0
        result[moment] = digest(Path(out) / moment)
        assert not list((Path(out) / moment).rglob(".tmp-*.pt")), moment
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
