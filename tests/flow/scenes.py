"""Rendered faces with known events, cut out with the true head pose: no detector needed."""

from __future__ import annotations

import weakref

import cv2
import numpy as np

from mespot.crops.track import FaceTrack
from mespot.flow.pooling import pool_video
from mespot.flow.refine import refine
from mespot.flow.signals import FlowSignals
from mespot.params.flow import FlowParams
from mespot.synth.identity import make_identity
from mespot.synth.motion import make_wander, visible_envelope
from mespot.synth.render import Renderer, frame_count
from mespot.synth.script import Event, Script

SIZE, CROP, CROP_IOD = 224, 128, 42.0
_STILL = ("x", "y", "roll", "scale", "yaw", "pitch", "light", "light_x", "light_y", "blur")


def event(kind, expression, onset, seconds, amplitude, side="both") -> Event:
    return Event(
        kind, expression, side, amplitude,
        visible_envelope(onset, 0.4 * seconds, 0.2 * seconds, 0.4 * seconds),
    )  # fmt: skip


def blink(start, seconds=0.25):
    return visible_envelope(start, 0.35 * seconds, 0.15 * seconds, 0.5 * seconds)


def script(seconds, events=(), blinks=(), nods=(), **wander) -> Script:
    """A script in which nothing moves but what is given; wander: name=(rms, seed)."""
    rms = {name: (0.0, 0) for name in _STILL} | wander
    return Script(
        seconds=seconds, difficulty="easy", events=tuple(events), blinks=tuple(blinks),
        nods=tuple(nods), drifts=(),
        wander={
            name: make_wander(np.random.default_rng(seed), size, 0.1, 0.5)
            for name, (size, seed) in rms.items()
        },
    )  # fmt: skip


class Scene:
    """Crops of a script, rendered when they are read; counts how many are alive at once."""

    def __init__(self, script: Script, fps: float, max_rate=60.0, person=3, aligned=True) -> None:
        identity = make_identity(np.random.default_rng(person))
        self.renderer = Renderer(identity, script, SIZE, grey=True, seed=1)
        self.script, self.fps, self.aligned = script, fps, aligned
        self.frames = frame_count(script, fps)
        self.frame = np.arange(0, self.frames, max(1, int(np.ceil(fps / max_rate - 1e-6))))
        self.time = self.frame / fps
        rest = self.renderer.deformation
        self.scale = CROP_IOD / rest.iod
        self.centre = rest.landmarks[27:31].mean(axis=0)
        self.place = np.array([0.5 * CROP, 0.4 * CROP])
        self.landmarks = (rest.landmarks - self.centre) * self.scale + self.place
        self.alive, self.most = 0, 0

    def _matrix(self, time: float) -> np.ndarray:
        pose = self.script.pose(time if self.aligned else 0.0)
        cos, sin = np.cos(pose.roll) * pose.scale, np.sin(pose.roll) * pose.scale
        back = np.linalg.inv(np.array([[cos, -sin], [sin, cos]])) * self.scale
        shift = self.centre + self.renderer.deformation.iod * np.array([pose.x, pose.y])
        return np.column_stack([back, self.place - back @ shift])

    def read(self, index: int, grey: bool = False) -> np.ndarray:
        assert grey
        frame = self.renderer.frame(self.time[index], int(self.frame[index]))
        crop = cv2.warpAffine(frame, self._matrix(self.time[index]), (CROP, CROP))
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(crop, self._gone)
        return crop

    def _gone(self) -> None:
        self.alive -= 1

    def track(self, success: np.ndarray | None = None) -> FaceTrack:
        ok = np.ones(len(self.frame), dtype=bool) if success is None else success
        poses = [self.script.pose(time) for time in self.time]
        head = np.array([(p.x, p.y, p.roll, np.log(p.scale)) for p in poses])
        return FaceTrack(
            fps=self.fps, frames=self.frames, frame=self.frame, time=self.time,
            matrix=np.stack([self._matrix(time) for time in self.time]),
            landmarks=self.landmarks.astype(np.float32), success=ok,
            confidence=np.where(ok, 0.9, 0.0).astype(np.float32), head=head - head[0],
            size=CROP, iod=CROP_IOD, grey=True,
        )  # fmt: skip

    def signals(self, params: FlowParams, success: np.ndarray | None = None) -> FlowSignals:
        track = self.track(success)
        return refine(pool_video(self, track, params), track, params)
