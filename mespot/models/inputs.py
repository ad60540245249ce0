"""From uint8 crops to network input: the one function that training and scoring share.

``rgb``: ImageNet normalisation, as published weights expect it.

``motion``: small networks on little data do not find sub-pixel motion in pixels by themselves, so
they get it as channels. Grey values are first normalised by local mean and contrast (light drift
and shadows fall out), then

    0  normalised grey value, clamped to [-1, 1]
    1  difference to the mean of the clip, amplified, squashed to (-1, 1)
    2  difference to the previous frame (first frame: 0), amplified, squashed to (-1, 1)

``flow``: displacement instead of differences, which does not depend on the sign and strength of a
subject's texture. One Lucas-Kanade step from the clip's mean frame to every frame, less its mean
over the face (what is left of head motion):

    0, 1  horizontal and vertical displacement, squashed to (-1, 1)
    2     residual: difference to the clip's mean, amplified, squashed to (-1, 1)
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

KINDS = ("rgb", "motion", "flow")

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_GREY = (0.299, 0.587, 0.114)
_NEIGHBOURHOOD = 1 / 8  # radius of the local normalisation, fraction of the width
_WINDOW = 1 / 20  # radius of the displacement estimate, fraction of the width
_CONTRAST_FLOOR = 6.0  # grey values; keeps sensor noise of flat skin small
_GAIN = 2.0  # of differences between normalised grey values
_PIXELS = 2.0  # gain of displacements, per percent of the width


def prepare(clips: torch.Tensor, kind: str) -> torch.Tensor:
    """Turn crops into network input, on the device that ``clips`` lives on.

    Args:
        clips: (B, T, H, W) grey or (B, T, H, W, 3) RGB, uint8.
        kind: one of ``KINDS``.

    Returns:
        (B, 3, T, H, W) float32.

    Raises:
        ValueError: for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"input {kind!r} is none of {', '.join(KINDS)}")
    if kind == "rgb":
        return _rgb(clips)
    grey = clips.float()
    if grey.ndim == 5:
        grey = grey @ torch.tensor(_GREY, device=clips.device)
    normal = _normalise_locally(grey)
    return _flow(normal) if kind == "flow" else _motion(normal)


def to_unit(video: torch.Tensor, kind: str) -> torch.Tensor:
    """Bring network input to the range [0, 1], on which reconstruction targets are made.

    Args:
        video: (B, 3, T, H, W) from ``prepare``.
        kind: the kind it was prepared with.

    Returns:
        (B, 3, T, H, W).
    """
    if kind != "rgb":
        return (video + 1) / 2
    mean = torch.tensor(_MEAN, device=video.device).view(3, 1, 1, 1)
    return video * torch.tensor(_STD, device=video.device).view(3, 1, 1, 1) + mean


def _rgb(clips: torch.Tensor) -> torch.Tensor:
    video = clips.float() / 255
    if video.ndim == 4:
        video = video[..., None].expand(*video.shape, 3)
    mean = torch.tensor(_MEAN, device=clips.device)
    std = torch.tensor(_STD, device=clips.device)
    return ((video - mean) / std).permute(0, 4, 1, 2, 3).contiguous()


def _normalise_locally(grey: torch.Tensor) -> torch.Tensor:
    radius = max(1, round(_NEIGHBOURHOOD * grey.shape[-1]))
    centred = grey - _blur(grey, radius)
    # one contrast for the whole clip: a contrast per frame would hide and invent motion
    contrast = _blur(centred.square().mean(1, keepdim=True), radius).sqrt()
    return centred / (contrast + _CONTRAST_FLOOR)


def _motion(normal: torch.Tensor) -> torch.Tensor:
    still = (normal / 2).clamp(-1, 1)
    apart = torch.tanh(_GAIN * (normal - normal.mean(1, keepdim=True)))
    change = torch.tanh(_GAIN * torch.diff(normal, dim=1, prepend=normal[:, :1]))
    return torch.stack((still, apart, change), 1)


def _flow(normal: torch.Tensor) -> torch.Tensor:
    width = normal.shape[-1]
    radius = max(1, round(_WINDOW * width))
    mean = normal.mean(1, keepdim=True)  # (B, 1, H, W)
    padded = F.pad(mean, (1, 1, 1, 1), mode="replicate")
    gx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    gy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    apart = normal - mean
    xx, yy, xy = (_blur(part, radius) for part in (gx * gx, gy * gy, gx * gy))
    xt, yt = -_blur(gx * apart, radius), -_blur(gy * apart, radius)
    floor = 0.02
    xx, yy = xx + floor, yy + floor
    weight = xx * yy - xy * xy
    u = (yy * xt - xy * yt) / weight
    v = (xx * yt - xy * xt) / weight
    share = weight / weight.sum((-2, -1), keepdim=True)
    gain = _PIXELS * 100 / width
    u = torch.tanh(gain * (u - (u * share).sum((-2, -1), keepdim=True)))
    v = torch.tanh(gain * (v - (v * share).sum((-2, -1), keepdim=True)))
    return torch.stack((u, v, torch.tanh(_GAIN * apart)), 1)


def _blur(images: torch.Tensor, radius: int) -> torch.Tensor:
    """Box mean over (2 radius + 1)^2 pixels, edges repeated; (B, T, H, W) to the same."""
    window = 2 * radius + 1
    padded = F.pad(images, (radius,) * 4, mode="replicate")
    rows = F.avg_pool2d(padded, (window, 1), stride=1)
    return F.avg_pool2d(rows, (1, window), stride=1)
