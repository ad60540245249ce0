"""From uint8 crops to network input: the one function that training and scoring share.

``rgb``: ImageNet normalisation, as published weights expect it.

``flow``: small networks on little data do not find sub-pixel motion in pixels by themselves, so
they get it as channels. Grey values are normalised by local mean and contrast (light drift and
shadows fall out); then one Lucas-Kanade step (Lucas and Kanade, IJCAI 1981) leads from the clip's
mean frame to every frame, less its mean over the face (what is left of head motion):

    0, 1  horizontal and vertical displacement, squashed to (-1, 1)
    2     difference to the clip's mean in normalised grey values, squashed to (-1, 1)

Displacements, unlike frame differences, do not depend on sign and strength of a face's texture,
so that they carry over to other subjects: on the embedded data, frame differences alone stayed at
chance level within the default number of steps.

``motion``: displacement from the neutral face, measured beforehand at a higher resolution
(``mespot.flow.motion``), on a grid. A quarter of an hour of video holds a few dozen expressions,
each of another muscle; what they share is that skin leaves its place, not where it goes. So the
channels do not have a direction:

    0  how far the skin is from where it is when the face is neutral
    1  how far it goes until the next frame of the clip
    2  how far it is from where it is on the mean of the clip, which the slow do not leave

each on a logarithmic scale, since a macro-expression is ten times as large as a micro-expression.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from mespot.crops.clips import MOTION_UNIT

INPUTS = ("rgb", "flow", "motion")

_MEAN = (0.485, 0.456, 0.406)  # of ImageNet, as published weights expect
_STD = (0.229, 0.224, 0.225)  # likewise
_GREY = (0.299, 0.587, 0.114)  # luma, ITU-R BT.601
_NEIGHBOURHOOD = 1 / 14  # sigma of the local normalisation, fraction of the size
_WINDOW = 1 / 30  # sigma of the displacement estimate, fraction of the size
_TEXTURE_FLOOR = 0.02  # squared gradient; displacements shrink to 0 where nothing is to be seen
_CONTRAST_FLOOR = 6.0  # grey values; keeps sensor noise of flat skin small
_GAIN = 2.0  # of differences between normalised grey values
_DISPLACEMENT_GAIN = 2.0  # of displacements in percent of the width
_SMALL_MOTION = 3.0e-3  # IOD; smaller motion is on a linear scale, larger on a logarithmic one
_SMALL_STEP = 1.5e-3  # IOD, the same within a clip
_LOG_GAIN = 0.4  # scale of the logarithm
_LOG_MEAN = 0.4  # of what remains


def prepare(clips: torch.Tensor, input_kind: str) -> torch.Tensor:
    """Turn crops into network input, on the device that ``clips`` lives on.

    Args:
        clips: (B, T, H, W) grey or (B, T, H, W, 3) RGB, uint8; for ``motion`` (B, T, H, W, 2) int16
            from ``mespot.flow.motion``.
        input_kind: one of ``INPUTS``.

    Returns:
        (B, 3, T, H, W) float32.

    Raises:
        ValueError: for an unknown input.
    """
    if input_kind not in INPUTS:
        raise ValueError(f"input {input_kind!r} is none of {', '.join(INPUTS)}")
    if input_kind == "rgb":
        return _rgb(clips)
    if input_kind == "motion":
        return _motion(clips)
    if clips.ndim == 4:
        grey = clips.float()
    else:
        grey = sum(part * share for part, share in zip(clips.unbind(-1), _GREY, strict=True))
    return _flow(_normalise_locally(grey))


def to_unit(video: torch.Tensor, input_kind: str) -> torch.Tensor:
    """Bring network input to the range [0, 1], on which reconstruction targets are made.

    Very strong motion goes beyond it.

    Args:
        video: (B, 3, T, H, W) from ``prepare``.
        input_kind: the input it was prepared as.

    Returns:
        (B, 3, T, H, W).
    """
    if input_kind != "rgb":
        return (video + 1) / 2
    channels = zip(video.unbind(1), _MEAN, _STD, strict=True)
    return torch.stack([part * std + mean for part, mean, std in channels], 1)


def _rgb(clips: torch.Tensor) -> torch.Tensor:
    # per channel with plain numbers: a tensor of constants would be copied to a GPU at every call,
    # which waits for it
    parts = clips.unbind(-1) if clips.ndim == 5 else (clips,) * 3
    channels = zip(parts, _MEAN, _STD, strict=True)
    return torch.stack([(part.float() / 255 - mean) / std for part, mean, std in channels], 1)


def _normalise_locally(grey: torch.Tensor) -> torch.Tensor:
    centred = grey - _smooth(grey, _NEIGHBOURHOOD)
    # one contrast for the whole clip: a contrast per frame would hide and invent motion
    energy = centred.square().mean(1, keepdim=True)
    contrast = _smooth(energy, _NEIGHBOURHOOD).clamp_min(0).sqrt()
    return centred / (contrast + _CONTRAST_FLOOR)


def _flow(normal: torch.Tensor) -> torch.Tensor:
    width = normal.shape[-1]
    mean = normal.mean(1, keepdim=True)  # (B, 1, H, W)
    padded = F.pad(mean, (1, 1, 1, 1), mode="replicate")
    gx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    gy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    apart = normal - mean
    # the structure tensor belongs to the mean frame, so only two products are made per frame
    xx, yy, xy = (_smooth(part, _WINDOW) for part in (gx * gx, gy * gy, gx * gy))
    xx, yy = xx + _TEXTURE_FLOOR, yy + _TEXTURE_FLOOR
    weight = xx * yy - xy * xy
    gain = _DISPLACEMENT_GAIN * 100 / width
    xt = _smooth(gx * apart, _WINDOW)
    yt = _smooth(gy * apart, _WINDOW)
    u = xt * (-gain * yy / weight) + yt * (gain * xy / weight)
    v = yt * (-gain * xx / weight) + xt * (gain * xy / weight)
    share = weight / weight.sum((-2, -1), keepdim=True)
    u = u - (u * share).sum((-2, -1), keepdim=True)
    v = v - (v * share).sum((-2, -1), keepdim=True)
    return torch.stack((u, v, _GAIN * apart), 1).tanh_()


def _motion(clips: torch.Tensor) -> torch.Tensor:
    moved = clips.float() * MOTION_UNIT  # (B, T, H, W, 2) IOD
    far = _length(moved)
    fast = _length(moved.diff(dim=1))
    fast = torch.cat((fast, fast[:, -1:]), 1)
    near = _length(moved - moved.mean(1, keepdim=True))
    parts = (far / _SMALL_MOTION, fast / _SMALL_STEP, near / _SMALL_STEP)
    return torch.stack(parts, 1).asinh_().mul_(_LOG_GAIN).sub_(_LOG_MEAN)


def _length(vectors: torch.Tensor) -> torch.Tensor:
    return torch.hypot(*vectors.unbind(-1))


def _smooth(images: torch.Tensor, sigma: float) -> torch.Tensor:
    """Gaussian mean, (B, T, H, W) to the same; ``sigma`` is a fraction of the size.

    Two matrix products: several times faster than sliding windows on one channel. Weights are
    normalised at the rim, where part of the window lies outside.
    """
    columns = _gaussian(images.shape[-1], sigma, images.device)
    rows = _gaussian(images.shape[-2], sigma, images.device)
    return rows @ (images @ columns.T)


def _gaussian(size: int, sigma: float, device: torch.device) -> torch.Tensor:
    place = torch.arange(size, device=device, dtype=torch.float32)
    weight = torch.exp(-0.5 * ((place[:, None] - place) / (sigma * size)) ** 2)
    return weight / weight.sum(1, keepdim=True)
