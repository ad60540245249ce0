"""Reconstruction targets of MAE-DFER: appearance and motion of masked tubelets."""

from __future__ import annotations

import torch

from mespot.models.patches import patchify, pick


def masked_targets(
    video: torch.Tensor, masked: torch.Tensor, patch: int, eps: float
) -> torch.Tensor:
    """Targets of the masked tubelets only, in closed form.

    Per tubelet of two frames and per channel, values are normalised over both frames,
    ``z = (x - mean) / (std + eps)`` with the unbiased standard deviation; appearance is ``z[0]``,
    motion ``z[1] - z[0]``, in which the mean cancels.

    Args:
        video: (B, 3, T, H, W) on the scale that ``eps`` refers to.
        masked: (B, M) raster indices.
        patch: height and width of a tubelet, pixels.
        eps: added to the standard deviation; 1e-6 on [0, 1] in the published code, which blows
            noise up where nothing is to be seen.

    Returns:
        (B, M, 2 * patch * patch * 3): appearance then motion, each (y, x, channel).
    """
    cubes = pick(patchify(video, 2, patch), masked)  # (B, M, C, 2, patch, patch)
    std, mean = torch.std_mean(cubes, dim=(3, 4, 5), keepdim=True)
    scale = 1 / (std + eps)
    first, second = cubes.unbind(3)  # each (B, M, C, patch, patch)
    appearance = (first - mean[:, :, :, 0]) * scale[:, :, :, 0]
    motion = (second - first) * scale[:, :, :, 0]
    parts = torch.stack((appearance, motion), 2)  # (B, M, 2, C, patch, patch)
    return parts.permute(0, 1, 2, 4, 5, 3).flatten(2)
