"""Speed of the training loop and of its data path, on generated crops.

CPU time per clip of what the data thread does, by recipe (the published code needs 35 to 50 ms),
then steps of pre-training: clips per second, share of the time waiting for data, peak memory.

    python benchmarks/training.py --model lgi_former_tiny_64 --steps 10
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from mespot.crops.clips import ClipSet
from mespot.models.classifier import Classifier
from mespot.models.zoo import create_autoencoder, create_encoder
from mespot.params import load_params
from mespot.training.engine.distributed import alone
from mespot.training.engine.loop import fit
from mespot.training.engine.settings import loop_settings
from mespot.training.pretrain import CropBatches, Pretraining
from mespot.training.sampling.timeline import Timeline
from mespot.training.spotting import Spotting

PUBLISHED = {
    "crop_area": (0.08, 1.0),
    "rand_ops": 4,
    "erase": 0.25,
    "mixup": 0.8,
    "cutmix": 1.0,
    "smoothing": 0.1,
}


def crops(size: int, colour: bool, videos: int = 2, seconds: int = 10) -> ClipSet:
    """Smooth noise that drifts, 25 crops per second."""
    rng = np.random.default_rng(0)
    count = videos * seconds * 25
    shape = (count, size, size, 3) if colour else (count, size, size)
    frames = np.empty(shape, np.uint8)
    still = cv2.GaussianBlur(rng.integers(0, 255, (2 * size, 2 * size, 3)).astype(np.uint8),
                             (0, 0), size / 30)  # fmt: skip
    for index in range(count):
        move = round(size / 4 * (1 + np.sin(index / 9)))
        part = still[move : move + size, move : move + size]
        frames[index] = part if colour else part[..., 0]
    return ClipSet(frames, [np.arange(seconds * 25) / 25] * videos)


def milliseconds(task: Pretraining | Spotting, batch: int, repeats: int = 8) -> float:
    """CPU milliseconds per clip of drawing batches."""
    task.draw(0, np.arange(batch))
    start = time.process_time()
    for step in range(1, repeats + 1):
        task.draw(step, np.arange(batch))
    return 1e3 * (time.process_time() - start) / repeats / batch


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="lgi_former_tiny_64")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    shipped = load_params()
    section = shipped.finetune["base"].model_copy(update={"batch": arguments.batch})
    print("data path, CPU ms per clip")
    for size, colour in ((64, False), (160, True)):
        clips = crops(size, colour)
        lines = [
            Timeline(video, 9.9, np.array([[3.0, 3.4], [6.0, 7.5]]), np.array([0, 1]),
                     np.array([5.0]))
            for video in range(2)
        ]  # fmt: skip
        for name, changes in (("light", {}), ("published", PUBLISHED)):
            model = Classifier(create_encoder("lgi_former_tiny_64"))
            kind = "rgb" if colour else "flow"
            task = Spotting(
                model, clips, lines, ["a", "b"], section.model_copy(update=changes), 0.5, kind, 7
            )
            spent = milliseconds(task, arguments.batch)
            print(f"  fine-tuning, {size} px {kind:4s} {name:10s} {spent:6.2f}")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(1)
    changes = {
        "model": arguments.model, "batch": arguments.batch, "steps": arguments.steps,
        "precision": arguments.precision, "log_every": max(1, arguments.steps // 2),
    }  # fmt: skip
    for prefetch in (0, 2):
        params = shipped.pretrain.model_copy(update={**changes, "prefetch": prefetch})
        model = create_autoencoder(params.model).to(device)
        clips = crops(model.encoder.config["size"], params.input == "rgb")
        batches = CropBatches(clips, ["a", "b"], params, 7)
        task = Pretraining(model, batches, params, 7, alone(device))
        found: list[dict[str, float]] = []
        with tempfile.TemporaryDirectory() as folder:
            fit(
                task, loop_settings(params, layer_decay=1.0), 7, Path(folder), lambda *_: None,
                live=lambda _, figures, found=found: found.append(figures),
            )  # fmt: skip
        last = found[-1]  # the first half warms up
        print(
            f"pre-training {params.model}, batch {params.batch}, {device.type}, precision "
            f"{params.precision}, prefetch {prefetch}: {last['clips_per_second']:.1f} clips/s, "
            f"waiting for data {100 * last['data_wait']:.1f} %, peak {last['peak_memory']:.2f} GiB"
        )


if __name__ == "__main__":
    main()
