"""Rendered videos whose head motion is known exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from mespot.faces.geometry import similarity
from mespot.params import load_params

ROOT = Path(__file__).resolve().parents[2]
FACE = np.array([224.0, 130.0])  # px, centre of the face in the portrait
Motion = Callable[[int], tuple[float, float, float, float]]


def still(_: int) -> tuple[float, float, float, float]:
    return 0.0, 0.0, 0.0, 1.0


@dataclass
class Scene:
    """A portrait moved by known similarities, with sensor noise, as a frame source.

    ``motion`` gives shift x, y (px), roll (rad) and size ratio of a frame. Frames listed in
    ``absent`` show noise only; ``second`` adds a smaller copy of the portrait at the left.
    """

    count: int = 12
    motion: Motion = still
    fps: float = 30.0
    grey: bool = False
    zoom: float = 1.8
    noise: float = 1.5
    absent: range = range(0)
    second: bool = False
    shape: tuple[int, int] = (360, 480)
    known_length: bool = True

    @property
    def frames(self) -> int | None:
        return self.count if self.known_length else None

    def matrix(self, index: int) -> np.ndarray:
        """Return (2, 3): portrait px to frame px."""
        x, y, roll, size = self.motion(index)
        middle = np.array([0.62 * self.shape[1] + x, 0.5 * self.shape[0] + y])
        return similarity(roll, np.log(self.zoom * size), FACE, middle)

    def image(self, index: int) -> np.ndarray:
        rng = np.random.default_rng(index)
        noise = rng.normal(0, self.noise, (*self.shape, 3))
        if index in self.absent:
            return np.clip(110 + 4 * noise, 0, 255).astype(np.uint8)[..., : 1 if self.grey else 3]
        portrait = cv2.GaussianBlur(data.astronaut(), (0, 0), 0.8)
        picture = cv2.warpAffine(
            portrait,
            self.matrix(index),
            self.shape[::-1],
            flags=cv2.INTER_CUBIC,
            borderValue=(90,) * 3,
        )
        if self.second:
            other = similarity(0.0, np.log(1.0), FACE, np.array([0.16, 0.5]) * self.shape[::-1])
            small = cv2.warpAffine(portrait, other, self.shape[::-1], flags=cv2.INTER_CUBIC)
            edge = round(0.32 * self.shape[1])
            picture[:, :edge] = small[:, :edge]
        return np.clip(picture + noise, 0, 255).astype(np.uint8)

    def iterate(self, stride: int = 1) -> Iterator[tuple[int, np.ndarray]]:
        for index in range(0, self.count, stride):
            image = self.image(index)
            if self.grey:
                image = (
                    image[..., 0]
                    if image.shape[-1] == 1
                    else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
                )
            yield index, image


@pytest.fixture(scope="session")
def params():
    return load_params(ROOT / "params.yaml").preprocess


@pytest.fixture(scope="session")
def scene() -> type[Scene]:
    return Scene


@pytest.fixture(autouse=True, scope="session")
def single_thread():
    cv2.setNumThreads(1)
