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
    cubes = pick(patchify(video, 2, patch), masked).flatten(4)  # (B, M, C, 2, patch * patch)
    centred = cubes - cubes.mean((3, 4), keepdim=True)
    # two plain passes are several times faster than torch.std_mean on many short rows
    variance = centred.square().sum((3, 4), keepdim=True) / (2 * patch**2 - 1)
    first, second = (centred / (variance.sqrt() + eps)).transpose(2, 4).unbind(3)
    return torch.stack((first, second - first), 2).flatten(2)  # (B, M, 2 * patch * patch * C)
