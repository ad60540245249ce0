"""Mixing of clips and their labels, label smoothing, random erasing, on the device.

timm's ``Mixup`` and ``RandomErasing`` do this for pictures with one class each, out of global
random generators. Clips have independent soft ME and MaE labels here, so labels are mixed as they
are instead of being built from class numbers, and all draws come from a generator of the step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

if TYPE_CHECKING:
    from mespot.params.recipe import RecipeParams


class Mixture(NamedTuple):
    """How the clips of a batch are mixed with their partners.

    ``kept`` is the share of the clip itself. ``box`` (top, bottom, left, right) in pixels is the
    part that comes from the partner, in all frames; ``None`` = both are blended.
    """

    kept: float
    box: tuple[int, int, int, int] | None


def draw_mixture(
    size: int, mixup: float, cutmix: float, switch: float, rng: np.random.Generator
) -> Mixture:
    """Draw the mixture of a step.

    Args:
        size: height and width, pixels.
        mixup: alpha of the Beta distribution of the share (Zhang et al., ICLR 2018); 0 = off.
        cutmix: alpha of CutMix (Yun et al., ICCV 2019); 0 = off.
        switch: chance of CutMix where both are on.
        rng: source of the draws.

    Returns:
        the mixture; ``kept`` is corrected by what a box at the rim really covers.
    """
    cuts = cutmix > 0 and (mixup == 0 or rng.random() < switch)
    alpha = cutmix if cuts else mixup
    kept = float(rng.beta(alpha, alpha))
    if not cuts:
        return Mixture(kept, None)
    half = size * np.sqrt(1 - kept) / 2
    centre = rng.integers(size, size=2)
    top, left = (int(max(0, round(place - half))) for place in centre)
    bottom, right = (int(min(size, round(place + half))) for place in centre)
    share = (bottom - top) * (right - left) / size**2
    return Mixture(1 - share, (top, bottom, left, right))


def mix(
    video: torch.Tensor, labels: torch.Tensor, mixture: Mixture
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix every clip with its partner, clip i of n with clip n - 1 - i.

    Args:
        video: (B, 3, T, H, W).
        labels: (B, K) in [0, 1].
        mixture: of this batch.

    Returns:
        new video and labels; labels are mixed by the same share, so a label stays the expected
        presence of its type.
    """
    other, wanted = video.flip(0), labels.flip(0)
    if mixture.box is None:
        mixed = torch.lerp(other, video, mixture.kept)
    else:
        top, bottom, left, right = mixture.box
        mixed = video.clone()
        mixed[..., top:bottom, left:right] = other[..., top:bottom, left:right]
    return mixed, torch.lerp(wanted, labels, mixture.kept)


def mix_step(
    video: torch.Tensor, labels: torch.Tensor, params: RecipeParams, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix the clips of a step as a recipe says: on its share of the steps, if at all.

    Args:
        video: (B, 3, T, H, W).
        labels: (B, K) in [0, 1].
        params: mixup, cutmix, mix_chance, mix_switch.
        rng: of the step.

    Returns:
        new video and labels, or the same ones.
    """
    on = params.mixup or params.cutmix
    if not on or rng.random() >= params.mix_chance:
        return video, labels
    mixture = draw_mixture(video.shape[-1], params.mixup, params.cutmix, params.mix_switch, rng)
    return mix(video, labels, mixture)


def smooth(labels: torch.Tensor, amount: float) -> torch.Tensor:
    """Move labels towards 1/2: each output is a question of its own with two answers.

    Args:
        labels: (B, K) in [0, 1].
        amount: label smoothing, 0 to 1.
    """
    return labels * (1 - amount) + amount / 2


def draw_erased(
    size: int,
    chance: float,
    area: tuple[float, float],
    ratio: float,
    rng: np.random.Generator,
) -> tuple[int, int, int, int]:
    """Draw the erased box of a clip (random erasing, Zhong et al., AAAI 2020).

    Args:
        size: height and width, pixels.
        chance: share of the clips in which something is erased.
        area: smallest and largest share of the picture.
        ratio: largest height by width; the smallest is its inverse.
        rng: source of the draws.

    Returns:
        top, bottom, left, right; an empty box where nothing is erased.
    """
    if rng.random() >= chance:
        return 0, 0, 0, 0
    for _ in range(10):
        wanted = rng.uniform(*area) * size * size
        shape = np.exp(rng.uniform(-np.log(ratio), np.log(ratio)))
        height, width = round(np.sqrt(wanted * shape)), round(np.sqrt(wanted / shape))
        if 0 < height < size and 0 < width < size:
            top = int(rng.integers(size - height + 1))
            left = int(rng.integers(size - width + 1))
            return top, top + height, left, left + width
    return 0, 0, 0, 0


def erase(video: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Fill a box of every clip, the same in all frames, with normal noise.

    The noise comes from torch's generator, which the loop seeds per step.

    Args:
        video: (B, 3, T, H, W), of about unit variance.
        boxes: (B, 4) int64 top, bottom, left, right.
    """
    rows = torch.arange(video.shape[-2], device=video.device)
    columns = torch.arange(video.shape[-1], device=video.device)
    top, bottom, left, right = boxes.to(video.device).unbind(1)
    tall = (rows >= top[:, None]) & (rows < bottom[:, None])  # (B, H)
    wide = (columns >= left[:, None]) & (columns < right[:, None])  # (B, W)
    inside = (tall[:, :, None] & wide[:, None, :])[:, None, None]  # (B, 1, 1, H, W)
    return torch.where(inside, torch.randn_like(video), video)
