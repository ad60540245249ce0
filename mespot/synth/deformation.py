"""Where every point of the face is at a given time: head pose and facial displacement.

Everything is evaluated on a coarse grid (every fourth pixel). The facial displacement and the
out-of-plane turns move points of the resting face; the pose then moves the head in the image
plane, fading out towards the surroundings. The look-up map is the inverse of both.
"""

from __future__ import annotations

import cv2
import numpy as np

from mespot.synth.actions import EXPRESSIONS, displacement
from mespot.synth.identity import Identity
from mespot.synth.script import Pose, Script

STEP = 4  # pixels between nodes of the coarse grid
_INVERSIONS = 4  # fixed-point steps; the displacement contracts, each step halves the error
_FOLD_SHADE = 0.25  # share of brightness lost where skin is compressed to nothing


class Deformation:
    """Motion of one identity under one script, for frames of one size.

    Args:
        identity: the person.
        script: what happens.
        size: width and height of a frame, pixels.

    Attributes:
        landmarks: (68, 2) landmarks of the resting face, frame pixels (first pixel centre = 0).
        iod: inter-ocular distance, pixels.
    """

    def __init__(self, identity: Identity, script: Script, size: int) -> None:
        self.landmarks = identity.landmarks * size - 0.5
        self.iod = identity.pupil_distance * size
        self._script = script
        self._centre = self.landmarks[27:31].mean(axis=0)
        # one more node on every side, so that interpolation never runs out of nodes
        axis = (np.arange(-(-size // STEP) + 2) - 1) * STEP + (STEP - 1) / 2
        self._nodes = np.stack(np.meshgrid(axis, axis), axis=-1)  # (n, n, 2)
        self._nodes32 = self._nodes.astype(np.float32)
        self._across = ((self._nodes32 - size / 2) / size).transpose(2, 0, 1)
        self._follow = _follow(self._relative())
        depth = _depth(self._relative()) * self.iod
        still = np.zeros_like(depth)
        self._yaw = np.dstack([depth, still, still]).astype(np.float32)
        self._pitch = np.dstack([still, depth, still]).astype(np.float32)
        self._events = [
            (event, self._basis(event.expression, event.side, event.amplitude))
            for event in script.events
        ]
        self._drifts = [
            (drift, self._basis(drift.expression, "both", 1.0)) for drift in script.drifts
        ]

    def lookup(self, time: float) -> np.ndarray:
        """Return the coarse map of a frame.

        Returns:
            (n, n, 3) float32: x and y of the point of the resting face (frame pixels) that is seen
            at each node, and the brightness there as a factor. Node ``(i, j)`` lies at pixel
            ``(STEP * (j - 1) + 1.5, STEP * (i - 1) + 1.5)``.
        """
        pose = self._script.pose(time)
        back = np.linalg.inv(_pose_matrix(pose)).astype(np.float32)
        shift = self._centre + self.iod * np.array([pose.x, pose.y])
        unposed = (self._nodes32 - shift.astype(np.float32)) @ back.T + self._centre
        head = self._nodes32 + self._follow * (unposed.astype(np.float32) - self._nodes32)
        moved = self._displacement(time, pose)
        source = head
        shade = np.ones(head.shape[:2], np.float32)
        if moved is not None:
            for _ in range(_INVERSIONS):
                looked_up = self._sample(moved, source)
                source = head - looked_up[..., :2]
            shade += _FOLD_SHADE * looked_up[..., 2]
        wander = self._script.wander
        shade *= 1.0 + np.float32(wander["light"].at(time))
        for name, across in zip(("light_x", "light_y"), self._across, strict=True):
            shade *= 1.0 + np.float32(2.0 * wander[name].at(time)) * across
        return np.dstack([source, shade])

    def positions(self, points: np.ndarray, time: float) -> np.ndarray:
        """Return where points of the resting face lie at a time.

        Args:
            points: (n, 2) frame pixels in the resting face, on the face.
            time: seconds.

        Returns:
            (n, 2) frame pixels.
        """
        pose = self._script.pose(time)
        moved = self._displacement(time, pose)
        points = np.asarray(points, dtype=np.float32)
        if moved is not None:
            points = points + self._sample(moved, points[None])[0, :, :2]
        shift = self._centre + self.iod * np.array([pose.x, pose.y])
        return (points - self._centre) @ _pose_matrix(pose).T + shift

    def _relative(self) -> np.ndarray:
        return (self._nodes - self._centre) / self.iod

    def _basis(self, expression: str, side: str, amplitude: float) -> np.ndarray:
        """(n, n, 3) peak displacement in pixels, and its divergence."""
        unit = displacement(EXPRESSIONS[expression], side, self.landmarks, self.iod, self._nodes)
        field = unit * amplitude * self.iod
        divergence = np.gradient(field[..., 0], STEP, axis=1)
        divergence += np.gradient(field[..., 1], STEP, axis=0)
        return np.dstack([field, divergence]).astype(np.float32)

    def _displacement(self, time: float, pose: Pose) -> np.ndarray | None:
        """(n, n, 3) displacement of resting-face points and its divergence; None when all rest."""
        parts = [(event.envelope.at(time), field) for event, field in self._events]
        parts += [(drift.wander.at(time), field) for drift, field in self._drifts]
        parts += [(np.sin(pose.yaw), self._yaw), (np.sin(pose.pitch), self._pitch)]
        total = None
        for strength, field in parts:
            if strength != 0.0:
                part = np.float32(strength) * field
                total = part if total is None else total + part
        return total

    def _sample(self, field: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Look a coarse field up at frame positions (h, w, 2)."""
        nodes = ((points - (STEP - 1) / 2) / STEP + 1.0).astype(np.float32)
        return cv2.remap(field, nodes, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _pose_matrix(pose: Pose) -> np.ndarray:
    cos, sin = np.cos(pose.roll) * pose.scale, np.sin(pose.roll) * pose.scale
    return np.array([[cos, -sin], [sin, cos]])


def _follow(relative: np.ndarray) -> np.ndarray:
    """How far each node follows the head: 1 on the head, 0 on the wall; (n, n, 1) float32.

    Args:
        relative: (n, n, 2) position relative to the nose bridge, IOD.
    """
    radius = np.sqrt(
        ((relative - np.array([0.0, -0.1])) / np.array([1.95, 2.35])) ** 2 @ np.ones(2)
    )
    share = np.clip((radius - 1.0) / 0.6, 0.0, 1.0)
    return (0.5 + 0.5 * np.cos(np.pi * share))[..., None].astype(np.float32)


def _depth(relative: np.ndarray) -> np.ndarray:
    """Pseudo-depth of the head towards the camera, IOD; (n, n)."""
    head = 1.1 * np.exp(-0.5 * ((relative / np.array([1.25, 1.6])) ** 2).sum(-1))
    tip = relative - np.array([0.0, 0.3])
    nose = 0.35 * np.exp(-0.5 * ((tip / np.array([0.22, 0.3])) ** 2).sum(-1))
    return head + nose
