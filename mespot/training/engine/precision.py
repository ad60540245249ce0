"""Number formats of a training step."""

from __future__ import annotations

import torch


class Precision:
    """Autocast and loss scaling of one training.

    Weights, gradients and optimiser state stay float32; matrix products of the network run in
    the chosen format. Input channels and reconstruction targets are computed outside autocast:
    training and scoring must see the same values.

    Args:
        name: ``fp32``, ``bf16``, ``fp16`` (with a gradient scaler), or ``auto``: fp32 on a CPU,
            where results are compared byte by byte; on CUDA bf16 where the device has it, else
            fp16.
        device: where the network computes.
    """

    def __init__(self, name: str, device: torch.device):
        if name == "auto":
            if device.type != "cuda":
                name = "fp32"
            else:
                name = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
        self.name = name
        self._device = device.type
        self._dtype = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[name]
        self.scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    def autocast(self) -> torch.autocast:
        """Context of the forward pass."""
        return torch.autocast(
            self._device, self._dtype or torch.bfloat16, enabled=self._dtype is not None
        )

    def figures(self) -> dict[str, float]:
        """Figure to log: the scale of the loss where there is one."""
        return {"loss_scale": self.scaler.get_scale()} if self.scaler.is_enabled() else {}
