"""The resting face of an identity as a picture, at twice the resolution of the frames.

A frame is one bilinear look-up in this picture. It is twice as fine as the frame, and smoother
than its own grid, so that sub-pixel motion is neither aliased nor blurred by the look-up.
"""

from __future__ import annotations

import cv2
import numpy as np

from mespot.synth.identity import Identity, warp
from mespot.synth.portrait import portrait

SUPERSAMPLING = 2
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def margin(size: int) -> int:
    """Frame pixels that the picture shows beyond each border, for heads that move inwards."""
    return size // 8


def texture_points(points: np.ndarray, size: int) -> np.ndarray:
    """Map frame pixels of the resting face (..., 2) to pixels of the picture."""
    shift = SUPERSAMPLING * margin(size) + (SUPERSAMPLING - 1) / 2
    return points * SUPERSAMPLING + np.asarray(shift, points.dtype)


def make_texture(identity: Identity, size: int, grey: bool) -> np.ndarray:
    """Paint the resting face.

    Args:
        identity: the person.
        size: width and height of the frames, pixels.
        grey: one channel instead of RGB.

    Returns:
        (n, n, 3) or (n, n) float32 in 0..255; ``texture_points`` tells what lies where.
    """
    around = margin(size)
    axis = (np.arange(SUPERSAMPLING * (size + 2 * around)) + 0.5) / (SUPERSAMPLING * size)
    axis -= around / size
    target = identity.to_portrait(np.stack(np.meshgrid(axis, axis), axis=-1))  # (fine, fine, 2)
    source = _source_points(identity, target)
    picture = cv2.remap(
        portrait(),
        source.astype(np.float32),
        None,
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    picture = np.clip(_tones(identity, picture, source), 0.0, 255.0)
    picture += _skin_grain(identity, source)
    picture = 128.0 + identity.contrast * (picture - 128.0)
    picture = np.clip(picture, 4.0, 250.0).astype(np.float32)
    return picture @ _GREY if grey else picture


def _source_points(identity: Identity, target: np.ndarray) -> np.ndarray:
    """Invert the identity warp: portrait points (h, w, 2) that land on ``target``.

    The warp is smooth, so it is inverted on every eighth node and interpolated.
    """
    coarse = cv2.resize(target, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    moved = np.zeros_like(coarse)
    for _ in range(12):
        moved = warp(identity.shape, coarse - moved)
    height, width = target.shape[:2]
    return target - cv2.resize(moved, (width, height), interpolation=cv2.INTER_CUBIC)


def _soft_ellipse(points: np.ndarray, centre: tuple, radii: tuple, soft: float) -> np.ndarray:
    """Return 1 inside, 0 outside, with a soft edge of relative width ``soft``; (h, w, 1)."""
    radius = np.sqrt((((points - np.array(centre)) / np.array(radii)) ** 2).sum(-1, keepdims=True))
    return 1.0 / (1.0 + np.exp((radius - 1.0) / soft))


def _tones(identity: Identity, picture: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Change the colours of face, hair and surroundings."""
    face = _soft_ellipse(source, (225.0, 132.0), (50.0, 56.0), 0.06)
    head = _soft_ellipse(source, (227.0, 103.0), (82.0, 96.0), 0.05)
    # hair and skin are brownish, the wall behind them grey
    chroma = picture[..., :1] - picture[..., 2:]
    brown = cv2.GaussianBlur(np.clip((chroma - 8.0) / 30.0, 0.0, 1.0), (0, 0), 3.0)[..., None]
    hair = brown * head * (1.0 - face)
    core = _soft_ellipse(source, (226.0, 85.0), (60.0, 62.0), 0.04)
    neck = _soft_ellipse(source, (216.0, 172.0), (46.0, 26.0), 0.05)
    unit = np.clip(picture / 255.0, 1e-3, 1.0)
    faced = 255.0 * unit**identity.gamma * identity.skin
    haired = picture * identity.hair
    around = picture @ identity.surround.T.astype(np.float32)
    inside = face * faced + (1.0 - face) * picture
    inside = hair * haired + (1.0 - hair) * inside
    keep = np.maximum.reduce([face, hair, core, brown * neck])
    return keep * inside + (1.0 - keep) * around


def _skin_grain(identity: Identity, source: np.ndarray) -> np.ndarray:
    """Return fine brightness structure of the skin, (h, w, 1).

    The portrait is softer than a camera frame; pores and freckles give flow something to hold.
    """
    rng = np.random.default_rng(identity.grain_seed)
    # drawn per portrait pixel, so that every frame size shows the same skin
    grain = rng.normal(0.0, 1.0, (1024, 1024)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 1.2)
    grain *= 3.0 / grain.std()
    spots = np.zeros_like(grain)
    for x, y in rng.uniform((180, 105), (270, 165), (identity.freckles, 2)):
        cv2.circle(spots, (round(2 * x), round(2 * y)), 1, float(rng.uniform(10, 30)), -1)
    grain -= cv2.GaussianBlur(spots, (0, 0), 1.0)
    looked_up = cv2.remap(
        grain,
        (2.0 * source + 0.5).astype(np.float32),
        None,
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_WRAP,
    )
    return looked_up[..., None] * _soft_ellipse(source, (225.0, 132.0), (46.0, 54.0), 0.05)
