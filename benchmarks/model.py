"""Speed of the networks, beside the published formulation on the same weights, in one run.

``plain`` is ``benchmarks/plain_model.py``: float32, eager, explicit attention, plain AdamW. Every
round runs all variants one after the other, each round starting with another one, and a ratio is
the median of the ratios of single rounds: what else the machine does meets all alike. On one CPU
thread, CPU time is measured, which other programs hardly change.

    python benchmarks/model.py                        # tiny, small and base
    python benchmarks/model.py --threads 1 --rounds 7 --report docs/benchmarks

On a machine with CUDA it runs there. Needs torch, timm, numpy and OpenCV only.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import plain_model
import torch
from measure import Peak, card_peak, flops_of, machine, matmul_rate, synchronise

from mespot.models.classifier import Classifier
from mespot.models.inference import half_weights
from mespot.models.inputs import to_unit
from mespot.models.masking import draw_masks, split_index
from mespot.models.zoo import create_autoencoder, create_encoder

SIZES = {
    "tiny": "lgi_former_tiny_96",
    "small": "lgi_former_small_96",
    "base": "lgi_former_base_160",
    "vit_base": "videomae_vit_base_160",
}
# clips per batch: on a CPU large enough to show the products, on a GPU to fill the card
BATCH = {
    "cpu": {"tiny": 8, "small": 4, "base": 2, "vit_base": 1},
    "cuda": {"tiny": 512, "small": 256, "base": 64, "vit_base": 64},
}


class Variants(NamedTuple):
    """What is compared.

    Attributes:
        runs: one batch of each variant; the key is number format and mode.
        apart: relative distance of the largest logit or of the loss to that of ``plain``.
        flops: operations of the matrix products in one batch of ours.
    """

    runs: dict[str, Callable[[], object]]
    apart: dict[str, float]
    flops: float


def inference(
    name: str, batch: int, device: torch.device, precisions: list[str], compiled: bool
) -> Variants:
    """Return the variants of a classifier's forward pass."""
    model = Classifier(create_encoder(name), outputs=7).to(device).eval()
    video = _video(model.encoder, batch, device)
    runs: dict[str, Callable[[], object]] = {"plain": lambda: plain_model.classify(model, video)}
    for precision in precisions:
        own = half_weights(model) if precision == "bf16" else model
        for kind in ("eager", "compiled") if compiled else ("eager",):
            call = torch.compile(own) if kind == "compiled" else own
            runs[f"{precision} {kind}"] = _autocast(
                lambda call=call: call(video), device, precision
            )
    runs = {key: torch.inference_mode()(run) for key, run in runs.items()}
    plain = runs["plain"]().float()
    apart = {
        key: float((run().float() - plain).abs().max() / plain.abs().max())
        for key, run in runs.items()
    }
    return Variants(runs, apart, flops_of(lambda: model(video)))


def pretraining(
    name: str, batch: int, device: torch.device, precisions: list[str], compiled: bool
) -> Variants:
    """Return the variants of a pre-training step."""
    model = create_autoencoder(name).to(device)
    encoder = model.encoder
    video = _video(encoder, batch, device)
    rng = np.random.default_rng(0)
    mask = draw_masks(rng, batch, encoder.grid, 0.9, "part_window", encoder.region)
    index = split_index(mask, encoder.region_of_token().numpy())
    visible, masked = (torch.from_numpy(part).to(device) for part in index)
    hidden = torch.from_numpy(mask).to(device)

    def plain() -> torch.Tensor:
        return plain_model.loss(model, video, to_unit(video, "rgb"), hidden)

    def ours(losses: Callable) -> torch.Tensor:
        return sum(losses(video, to_unit(video, "rgb"), visible, masked)) / 2

    def step(loss: Callable[[], torch.Tensor], fused: bool) -> Callable[[], object]:
        optimiser = torch.optim.AdamW(
            model.parameters(), lr=1e-5, betas=(0.9, 0.95), weight_decay=0.05, fused=fused
        )

        def run() -> None:
            optimiser.zero_grad(set_to_none=True)
            loss().backward()
            optimiser.step()

        return run

    losses = {"plain": plain}
    for precision in precisions:
        for kind in ("eager", "compiled") if compiled else ("eager",):
            call = torch.compile(model.losses) if kind == "compiled" else model.losses
            losses[f"{precision} {kind}"] = _autocast(
                lambda call=call: ours(call), device, precision
            )
    wanted = plain().item()
    apart = {key: abs(loss().item() / wanted - 1) for key, loss in losses.items()}
    runs = {key: step(loss, fused=key != "plain") for key, loss in losses.items()}
    return Variants(runs, apart, flops_of(lambda: ours(model.losses).backward()))


def compare(
    runs: dict[str, Callable[[], object]], rounds: int, device: torch.device
) -> dict[str, dict[str, float]]:
    """Time all variants in turns: median seconds, median ratio to plain, working memory in MB."""
    memory = {}
    for key, run in runs.items():
        run()  # compiles, allocates optimiser state
        with Peak(device) as peak:
            run()
        memory[key] = peak.megabytes
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if alone else time.perf_counter
    seconds: dict[str, list[float]] = {key: [] for key in runs}
    order = list(runs)
    for _ in range(rounds):
        for key in order:
            synchronise(device)
            start = clock()
            runs[key]()
            synchronise(device)
            seconds[key].append(clock() - start)
        order = order[1:] + order[:1]
    return {
        key: {
            "seconds": statistics.median(times),
            "ratio": statistics.median(a / b for a, b in zip(seconds["plain"], times, strict=True)),
            "memory": memory[key],
        }
        for key, times in seconds.items()
    }


MODES = {"inference": inference, "pretraining": pretraining}


def _video(encoder: torch.nn.Module, batch: int, device: torch.device) -> torch.Tensor:
    size, frames = encoder.config["size"], encoder.config["frames"]
    return torch.randn(batch, 3, frames, size, size, device=device)


def _autocast(run: Callable[[], object], device: torch.device, precision: str) -> Callable:
    def under() -> object:
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            return run()

    return under


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", nargs="+", choices=SIZES, default=["tiny", "small", "base"])
    parser.add_argument("--mode", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument(
        "--precision", nargs="+", choices=("fp32", "bf16"), default=["fp32", "bf16"]
    )
    parser.add_argument("--compile", action="store_true", help="also compiled variants")
    parser.add_argument("--batch", type=int, help="clips per batch, default per size and device")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 = torch's choice")
    parser.add_argument("--report", type=Path, help="folder for a dated report")
    return parser.parse_args()


def main() -> None:
    """Run and print the figures."""
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rates = {name: matmul_rate(device, name) for name in options.precision}
    lines = [
        f"Machine: {machine(device)}",
        "Large matrix product: "
        + ", ".join(f"{name} {rate / 1e12:.2f} TFLOP/s" for name, rate in rates.items()),
        "",
        "| size | mode | batch | variant | s per batch | clips/s | ratio to plain "
        "| differs by | working memory, MB | share of product rate | share of the card's peak |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for size in options.size:
        batch = options.batch or BATCH[device.type][size]
        for mode in options.mode:
            made = MODES[mode](SIZES[size], batch, device, options.precision, options.compile)
            for key, row in compare(made.runs, options.rounds, device).items():
                precision = key.split()[0]
                rate, peak = rates.get(precision), card_peak(device, precision)
                done = made.flops / row["seconds"]
                lines.append(
                    f"| {size} | {mode} | {batch} | {key} | {row['seconds']:.4f} "
                    f"| {batch / row['seconds']:.2f} | {row['ratio']:.2f} "
                    f"| {made.apart[key]:.0e} | {row['memory']:.0f} "
                    f"| {f'{done / rate:.0%}' if rate else '-'} "
                    f"| {f'{done / peak:.0%}' if peak else '-'} |"
                )
                print(lines[-1], flush=True)
    if options.report:
        today = datetime.date.today().isoformat()
        path = options.report / f"{today}-model-{device.type}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Speed of the networks, {today}\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
