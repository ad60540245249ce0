"""Trains on lists, kills itself at a given moment, runs again; one process per life.

Usage: python -m tests.classification.killed_classify LISTS PARAMS OUT. Writes the digest of all
results of an uninterrupted run and of every killed and repeated one, as JSON, to standard output.
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

import mespot.training.engine.checkpoint as checkpoint
from mespot.pipeline.classify import train_on_lists

# in a validation, with half a checkpoint written, after one, with half the results written
MOMENTS = ("validation.json 1", "half 1", "checkpoint.pt 2", "classifier.safetensors 1", "png 1")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(moment: str) -> None:
    """Make this process kill itself at the n-th write of a file, or in the n-th checkpoint."""
    name, number = moment.split()
    save, replace = torch.save, os.replace
    count = 0

    def torn(content, stream):
        nonlocal count
        save(content, stream)
        count += name == "half"
        if name == "half" and count == int(number):
            stream.truncate(stream.tell() // 2)
            stream.flush()
            die()

    def renamed(source, destination):
        nonlocal count
        replace(source, destination)
        count += str(destination).endswith(name)
        if str(destination).endswith(name) and count == int(number):
            die()

    checkpoint.torch.save, os.replace = torn, renamed


def life(folder: Path, params: Path, out: Path, moment: str = "") -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if moment:
                arm(moment)
            train, val, test = (folder / f"{split}.txt" for split in ("train", "val", "test"))
            train_on_lists(train, val, test, folder, out, params_file=params)
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def digest(out: Path) -> str:
    files = sorted(file for file in out.rglob("*") if file.is_file())
    found = [(str(file.relative_to(out)), file.read_bytes()) for file in files]
    assert len(found) == 11, [name for name, _ in found]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def main(folder: str, params: str, out: str) -> None:
    torch.set_num_threads(1)
    place = lambda name: (Path(folder), Path(params), Path(out) / name)  # noqa: E731
    assert life(*place("whole")) == 0
    result = {"whole": digest(Path(out) / "whole")}
    for moment in MOMENTS:
        killed = life(*place(moment), moment=moment)
        assert killed == signal.SIGKILL, (moment, killed)
        assert life(*place(moment)) == 0
        result[moment] = digest(Path(out) / moment)
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
