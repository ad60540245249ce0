"""Cost of pre-training at the size of VoxCeleb2: measured rates and what they add up to.

Writes generated clips as long and as large as those of VoxCeleb2 (224 px, 25 fps, 7.8 s, H.264) as
files and as shards, and measures on one thread, in processor time: a training clip out of either
(16 frames over 2.56 s, published crops), and steps of pre-training by the loop. From these follow
days for 1,091,726 clips and 50 epochs. Figures of GPUs are computed from the counted operations, a
data sheet and an assumed share of its peak, none is measured; real clips may cost more or less to
decode than generated ones.

    python benchmarks/scale.py [--clips 30] [--steps 2] [--report docs/benchmarks]
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import datetime  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import cv2  # noqa: E402
import torch  # noqa: E402
from clips import write  # noqa: E402
from measure import CARDS, flops_of, machine  # noqa: E402

from mespot.models.zoo import create_autoencoder  # noqa: E402
from mespot.params import load_params  # noqa: E402
from mespot.params.pretrain import PretrainParams  # noqa: E402
from mespot.training.engine.distributed import alone  # noqa: E402
from mespot.training.engine.loop import fit  # noqa: E402
from mespot.training.engine.settings import loop_settings  # noqa: E402
from mespot.training.pretrain import Pretraining, StreamBatches  # noqa: E402
from mespot.training.sampling.clip_stream import ClipStream, Videos  # noqa: E402
from mespot.video.shards import Shards, pack  # noqa: E402
from mespot.video.video_list import VideoList  # noqa: E402

COUNT, EPOCHS = 1_091_726, 50
SECONDS, SIDE, VIDEOS = 7.8, 224, 12  # VoxCeleb2's mean length and its size (Chung et al., 2018)
UTILISATION = 0.4  # of the peak; the goal of the project, not a measurement
CORES = 16  # loader cores per GPU
PUBLISHED = {
    "source": "list",
    "videos": "list.txt",
    "model": "lgi_former_base_160",
    "input": "rgb",
    "span": 2.56,
    "mask_ratio": 0.9,
    "frame_crop": (0.3571, 0.5, 0.7143),
    "crop_scales": (1.0, 0.875, 0.75, 0.66),
    "workers": 0,
    "prefetch": 0,
    "picture_every": 0,
}


def write_videos(folder: Path) -> VideoList:
    """Write generated clips and their list."""
    for number in range(VIDEOS):
        write(folder / f"{number}.mp4", SIDE, number, "file", round(25 * SECONDS))
    path = folder / "list.txt"
    path.write_text("".join(f"{number}.mp4 0\n" for number in range(VIDEOS)))
    return VideoList(path)


def data_seconds(videos: Videos, params: PretrainParams, clips: int) -> float:
    """Processor seconds per training clip; each video is opened anew, as in a set of a million."""
    stream = ClipStream(videos, params, 160, 7)
    stream.cut(0, 0)
    start = time.process_time()
    for row in range(clips):
        stream.cut(1, row)
    return (time.process_time() - start) / clips


def step_seconds(
    videos: Videos, params: PretrainParams, precision: str, steps: int
) -> tuple[float, float, int]:
    """Processor seconds per clip of whole steps, FLOP per clip, and parameters."""
    params = params.model_copy(
        update={"batch": 2, "steps": steps + 1, "precision": precision, "log_every": 10**6}
    )
    device = torch.device("cpu")
    model = create_autoencoder(params.model)
    stream = ClipStream(videos, params, model.encoder.config["size"], 7)
    task = Pretraining(model, StreamBatches(stream, params), params, 7, alone(device))
    moments = []
    with tempfile.TemporaryDirectory() as folder:
        fit(task, loop_settings(params, layer_decay=1.0), 7, Path(folder),
            lambda *_: moments.append(time.process_time()), group=alone(device))  # fmt: skip
    batch = task.draw(0, torch.arange(2).numpy())
    inputs = task.inputs(0, batch.tensors)
    flops = 3 * flops_of(lambda: task.objective(*inputs)) / 2  # backward costs twice the forward
    parameters = sum(value.numel() for value in model.parameters())
    return (moments[-1] - moments[0]) / steps / params.batch, flops, parameters


def days(rate: float) -> float:
    """Days of the whole training at a rate in clips/s."""
    return COUNT * EPOCHS / rate / 86400


def report(clips: int, steps: int) -> str:
    """Measure, and return the tables as Markdown."""
    params = load_params().pretrain
    params = type(params).model_validate({**params.model_dump(), **PUBLISHED})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        listed = write_videos(folder)
        pack(listed, folder / "shards", 4, 7)
        shards = Shards(folder / "shards", folder / "table.npz", 8)
        size = sum(listed.path(row).stat().st_size for row in range(len(listed))) / len(listed)
        packed = sum(path.stat().st_size for path in (folder / "shards").iterdir()) / len(listed)
        data = {
            "mp4 list": data_seconds(listed, params, clips),
            "shards": data_seconds(shards, params, clips),
        }
        found = {
            precision: step_seconds(listed, params, precision, steps)
            for precision in ("fp32", "bf16")
        }
    _, flops, parameters = found["fp32"]
    cost = data["mp4 list"]
    lines = [
        f"Machine: {machine(torch.device('cpu'))}",
        "",
        f"Clips: generated, {SIDE} px, {SECONDS} s, {size / 1000:.0f} kB; model: "
        f"{PUBLISHED['model']}, {flops / 1e9:.1f} GFLOP per clip and step",
        "",
        "| measured on one thread | CPU ms per clip | clips/s per core |",
        "|---|---|---|",
        *(f"| data path, {way} | {1e3 * value:.1f} | {1 / value:.0f} |"
          for way, value in data.items()),
        *(f"| whole step, {precision}, data included | {1e3 * value[0]:.0f} | {1 / value[0]:.2f} |"
          for precision, value in found.items()),
        "",
        f"{COUNT:,} clips x {EPOCHS} epochs = {COUNT * EPOCHS / 1e6:.1f} million:",
        "",
        f"| device | clips/s | days | loader cores to keep up | days, {CORES} such cores per GPU |",
        "|---|---|---|---|---|",
    ]  # fmt: skip
    for precision, value in found.items():
        for cores in (1, 64):
            rate = cores / value[0]
            name = "1 CPU core" if cores == 1 else f"{cores} CPU cores (computed: in proportion)"
            lines.append(f"| {name}, {precision} | {rate:.2f} | {days(rate):.1f} | - | - |")
    for card in ("A100", "H100"):
        for count in (1, 8):
            rate = count * UTILISATION * CARDS[card] * 1e12 / flops
            bound = min(rate, count * CORES / cost)
            lines.append(
                f"| {count} x {card} (computed: {UTILISATION:.0%} of bf16 peak) | {rate:,.0f} | "
                f"{days(rate):.2f} | {rate * cost:.0f} | {days(bound):.2f} |"
            )
    lines += [
        "",
        f"Storage: {COUNT * size / 1e9:.0f} GB of clips at the size of the generated ones, shards "
        f"{(packed / size - 1):.1%} more; table of shards {COUNT * 20 / 1e6:.0f} MB; a checkpoint "
        f"(weights, two moments) {12 * parameters / 1e9:.2f} GB.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run, print, and write the dated report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=30, help="clips of the data path")
    parser.add_argument("--steps", type=int, default=2, help="timed steps per precision")
    parser.add_argument("--report", type=Path, help="folder for the dated report")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    text = report(arguments.clips, arguments.steps)
    print(text)
    if arguments.report:
        date = datetime.date.today().isoformat()
        command = f"python benchmarks/scale.py --clips {arguments.clips} --steps {arguments.steps}"
        title = f"# Cost of pre-training at the size of VoxCeleb2, {date}\n\n`{command}`; "
        head = "GPU rows are computed, not measured.\n\n"
        (arguments.report / f"{date}-pretraining-scale.md").write_text(title + head + text)


if __name__ == "__main__":
    main()
