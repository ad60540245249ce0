"""From 16-bit grey levels to 8 bits, by the bits that a video really uses."""

from __future__ import annotations

import numpy as np

_DEPTHS = (8, 10, 12, 14, 16)  # of cameras


def significant_bits(brightest: int) -> int:
    """Return the smallest usual depth (8, 10, 12, 14, 16 bits) that holds a grey level."""
    return next(bits for bits in _DEPTHS if brightest < 1 << bits)


def to_8_bits(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Scale grey levels of ``bits`` significant bits to 8; brighter ones are held at 255.

    Args:
        pixels: uint8 (returned as it is) or uint16, any shape.
        bits: see :func:`significant_bits`.
    """
    if pixels.dtype == np.uint8:
        return pixels
    return np.minimum(pixels >> (bits - 8), 255).astype(np.uint8)
