"""What the benchmarks measure beside time: peak memory, operations, the rate of the machine."""

from __future__ import annotations

import ctypes
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

# dense bf16 peak in TFLOP/s from the makers' data sheets; float32 on these cards runs as plain
# float32 unless TF32 is switched on, so only bf16 is compared with a data sheet
CARDS = {"H200": 989, "H100 PCIe": 756, "H100": 989, "A100": 312, "L40S": 362, "A10": 125}


class Peak:
    """Peak memory of a block above what was held before: GPU memory, else resident memory (Linux).

    Attributes:
        megabytes: after the block; NaN where the system does not tell.
    """

    def __init__(self, device: torch.device):
        self._device = device
        self.megabytes = float("nan")

    def __enter__(self) -> Peak:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            self._before = torch.cuda.memory_allocated(self._device)
        else:
            _forget_peak()
            self._before = _resident("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        if self._device.type == "cuda":
            peak = torch.cuda.max_memory_allocated(self._device)
        else:
            peak = _resident("VmHWM")
        self.megabytes = (peak - self._before) / 1e6


def synchronise(device: torch.device) -> None:
    """Wait for the GPU, if there is one."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def flops_of(run: Callable[[], object]) -> float:
    """Floating-point operations of the matrix products in ``run``."""
    # the plain kernel shows its products to the counter
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())


def matmul_rate(device: torch.device, precision: str) -> float:
    """FLOP/s of a large matrix product, best of several."""
    size = 8192 if device.type == "cuda" else 2048
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    left, right = torch.randn(2, size, size, device=device, dtype=dtype)
    times = []
    for _ in range(12):
        synchronise(device)
        start = time.perf_counter()
        left @ right
        synchronise(device)
        times.append(time.perf_counter() - start)
    return 2 * size**3 / min(times[2:])


def card_peak(device: torch.device, precision: str) -> float | None:
    """Peak FLOP/s of a known card in bf16, else ``None``."""
    if device.type != "cuda" or precision != "bf16":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak * 1e12 for key, peak in CARDS.items() if key in name), None)


def machine(device: torch.device) -> str:
    """Name of the card, or of the processor with its units for bf16."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}"
    names = [line for line in _cpuinfo().splitlines() if line.startswith("model name")]
    name = names[0].split(":")[1].strip() if names else platform.machine()
    flags = set(_cpuinfo().split())
    units = [flag for flag in ("avx512_bf16", "amx_bf16") if flag in flags]
    return (
        f"{name}, {torch.get_num_threads()} threads, bf16 units: {', '.join(units) or 'none'}, "
        f"torch {torch.__version__}"
    )


def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def _resident(key: str) -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith(key))
    return float(line.split()[1]) * 1024


def _forget_peak() -> None:
    # what earlier runs freed is still held by the C library, and would hide the next peak
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")
