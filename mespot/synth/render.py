"""Rendering a script with an identity: frames at any rate and size."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import cv2
import numpy as np

from mespot.synth.deformation import STEP, Deformation
from mespot.synth.difficulty import DIFFICULTIES
from mespot.synth.eyelids import Eyelids
from mespot.synth.identity import Identity
from mespot.synth.script import Script
from mespot.synth.texture import make_texture, texture_points

_MARGIN = 64  # pixels by which a noise tile is larger than a frame
_TILES = 3


class Renderer:
    """Draws frames of one script.

    Args:
        identity: the person.
        script: what happens.
        size: width and height of a frame, pixels.
        grey: one channel instead of RGB.
        seed: of the sensor noise.

    Attributes:
        deformation: the motion; gives true positions of landmarks.
    """

    def __init__(
        self, identity: Identity, script: Script, size: int, grey: bool, seed: int
    ) -> None:
        self.deformation = Deformation(identity, script, size)
        self._script = script
        self._size = size
        self._seed = seed
        landmarks = texture_points(self.deformation.landmarks, size)
        self._lids = Eyelids(_texture(identity, size, grey), landmarks)
        self._tiles = _noise_tiles(DIFFICULTIES[script.difficulty].noise, size, grey, seed)

    def clean_frame(self, time: float) -> np.ndarray:
        """Draw without sensor noise.

        Args:
            time: seconds.

        Returns:
            (size, size, 3) RGB or (size, size) float32, 0..255.
        """
        coarse = self.deformation.lookup(time)
        points = texture_points(self._upsample(coarse[..., :2]), self._size)
        shade = self._upsample(coarse[..., 2])
        frame = cv2.remap(
            self._lids.at(self._script.lid(time)),
            points,
            None,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        frame *= shade if frame.ndim == 2 else shade[..., None]
        sigma = abs(self._script.wander["blur"].at(time)) * self.deformation.iod
        return cv2.GaussianBlur(frame, (0, 0), sigma) if sigma > 0.2 else frame

    def _upsample(self, coarse: np.ndarray) -> np.ndarray:
        full = cv2.resize(coarse, None, fx=STEP, fy=STEP, interpolation=cv2.INTER_LINEAR)
        return full[STEP : STEP + self._size, STEP : STEP + self._size]

    def frame(self, time: float, index: int) -> np.ndarray:
        """Draw with sensor noise.

        Args:
            time: seconds.
            index: chooses the noise; the same index gives the same noise.

        Returns:
            (size, size, 3) RGB or (size, size) uint8.
        """
        rng = np.random.default_rng((self._seed, index))
        tile = self._tiles[int(rng.integers(_TILES))]
        row, column = rng.integers(_MARGIN, size=2)
        noise = tile[row : row + self._size, column : column + self._size]
        frame = self.clean_frame(time)
        # a random sign decorrelates frames that got overlapping cuts of the same tile
        frame = cv2.add(frame, noise) if rng.random() < 0.5 else cv2.subtract(frame, noise)
        return cv2.convertScaleAbs(cv2.max(frame, 0.0))


def render(
    identity: Identity, script: Script, fps: float, size: int, grey: bool, seed: int
) -> Iterator[np.ndarray]:
    """Yield all frames of a script; frame ``i`` shows the time ``i / fps``.

    Args:
        identity: the person.
        script: what happens.
        fps: frames per second.
        size: width and height of a frame, pixels.
        grey: one channel instead of RGB.
        seed: of the sensor noise.

    Yields:
        (size, size, 3) RGB or (size, size) uint8.
    """
    renderer = Renderer(identity, script, size, grey, seed)
    for index in range(frame_count(script, fps)):
        yield renderer.frame(index / fps, index)


def render_frame(
    identity: Identity, script: Script, time: float, size: int, grey: bool
) -> np.ndarray:
    """Draw a single frame without sensor noise; uint8 (size, size, 3) RGB or (size, size)."""
    frame = Renderer(identity, script, size, grey, seed=0).clean_frame(time)
    return cv2.convertScaleAbs(frame)


def frame_count(script: Script, fps: float) -> int:
    """Number of frames of a script at a frame rate."""
    return math.floor(script.seconds * fps + 1e-9)


@functools.lru_cache(maxsize=4)
def _texture(identity: Identity, size: int, grey: bool) -> np.ndarray:
    return make_texture(identity, size, grey)


@functools.lru_cache(maxsize=2)
def _noise_tiles(rms: float, size: int, grey: bool, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = (size + _MARGIN, size + _MARGIN) if grey else (size + _MARGIN, size + _MARGIN, 3)
    return [rng.standard_normal(shape, dtype=np.float32) * np.float32(rms) for _ in range(_TILES)]
