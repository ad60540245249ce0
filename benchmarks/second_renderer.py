"""A second renderer, which shares nothing but the script with mespot.synth.

Everything embedded comes from one portrait and one renderer; what is found there might be found
for their sake. Here the skin follows landmarks (thin-plate splines) instead of bumps, the whole
picture moves with the head, turns show an average head's depth to a pin-hole camera, and a blink
is a painted lid.
"""

from __future__ import annotations

import cv2
import numpy as np
from portraits import Look, Portrait
from scipy.interpolate import RBFInterpolator

from mespot.synth.actions import EXPRESSIONS
from mespot.synth.difficulty import DIFFICULTIES
from mespot.synth.motion import Envelope
from mespot.synth.portrait import MIRROR
from mespot.synth.script import Script

_STEP = 4  # px between nodes of the coarse grid
_TILES, _MARGIN = 4, 48  # of noise; a frame takes a random part of a random tile
_FINE = 2  # pixels of the rest picture per pixel of a frame
# action unit -> landmark of the left half of the picture -> move, x away from the mid line, y down
_MOVES: dict[str, dict[int, tuple[float, float]]] = {
    "1": {21: (0, -1), 20: (0, -0.8), 19: (0, -0.3)},
    "2": {17: (0, -0.8), 18: (0, -1), 19: (0, -0.7)},
    "4": {21: (-0.5, 0.8), 20: (-0.4, 0.9), 19: (-0.2, 0.6), 18: (0, 0.2)},
    "6": {41: (0, -0.4), 40: (0, -0.3), 2: (0.1, -0.4)},
    "7": {41: (0, -0.7), 40: (0, -0.7), 37: (0, 0.4), 38: (0, 0.4)},
    "9": {31: (0, -1), 32: (0, -0.6), 21: (-0.2, 0.4)},
    "10": {50: (0, -1), 49: (0, -0.9), 61: (0, -0.9), 31: (0.1, -0.4)},
    "12": {48: (0.8, -0.7), 60: (0.7, -0.6), 49: (0.4, -0.4), 59: (0.4, -0.3), 3: (0.2, -0.2)},
    "14": {48: (1, -0.1), 60: (0.9, -0.1), 49: (0.3, 0), 59: (0.3, 0)},
    "15": {48: (0.1, 1), 60: (0.1, 0.9), 59: (0, 0.5), 49: (0, 0.3)},
    "17": {8: (0, -0.6), 7: (0, -0.6), 57: (0, -0.8), 58: (0, -0.8), 66: (0, -0.6), 67: (0, -0.6)},
    "20": {48: (1, 0.1), 60: (0.9, 0.1), 49: (0.5, 0), 59: (0.5, 0.1), 4: (0.2, 0)},
    "24": {50: (0, 0.4), 51: (0, 0.4), 57: (0, -0.9), 58: (0, -0.8), 59: (-0.2, -0.3)},
    "25": {51: (0, -0.3), 50: (0, -0.3), 57: (0, 0.9), 58: (0, 0.8), 66: (0, 1), 67: (0, 0.8)},
    "26": {8: (0, 1), 7: (0, 0.9), 6: (0, 0.6), 5: (0, 0.3), 57: (0, 0.9), 58: (0, 0.9),
           66: (0, 0.9), 67: (0, 0.8), 48: (-0.1, 0.3)},
}  # fmt: skip
# depth of an average face towards the camera at the landmarks, IOD from the eye corners
_DEPTH = np.concatenate(
    [
        [-1.2, -1.15, -1.0, -0.85, -0.6, -0.3, -0.05, 0.1, 0.15],
        [0.1, -0.05, -0.3, -0.6, -0.85, -1.0, -1.15, -1.2],
        [-0.1, 0.08, 0.17, 0.2, 0.22, 0.22, 0.2, 0.17, 0.08, -0.1],
        [0.2, 0.32, 0.44, 0.55, 0.25, 0.32, 0.36, 0.32, 0.25],
        [-0.08, 0.04, 0.06, 0.02, 0.04, 0.03, 0.02, 0.06, 0.04, -0.08, 0.03, 0.04],
        [0.08, 0.22, 0.3, 0.31, 0.3, 0.22, 0.08, 0.2, 0.27, 0.28, 0.27, 0.2],
        [0.1, 0.27, 0.29, 0.27, 0.1, 0.26, 0.27, 0.26],
    ]
)
_CAMERA = 12.0  # IOD from the camera to the face


class PortraitRenderer:
    """Draws frames of a script with a portrait.

    Args:
        portrait: the person.
        script: what happens.
        look: how it is recorded.
        grey: one channel instead of RGB.
        seed: of tone, mirroring and noise.
    """

    def __init__(self, portrait: Portrait, script: Script, look: Look, grey: bool, seed: int):
        rng = np.random.default_rng([seed, 77])
        self._script, self._look, self._grey, self._seed = script, look, grey, seed
        self._size = (round(5.4 * look.iod), round(5.0 * look.iod))  # width, height
        landmarks, pixels = portrait.landmarks, portrait.pixels
        if rng.random() < 0.5:
            pixels = pixels[:, ::-1]
            landmarks = (landmarks * (-1, 1) + (pixels.shape[1] - 1, 0))[MIRROR]
        eyes = np.stack([landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)])
        scale = look.iod * _FINE / np.hypot(*(eyes[1] - eyes[0]))
        width, height = self._size[0] * _FINE, self._size[1] * _FINE
        shift = np.array([0.5 * width, 0.46 * height]) - scale * eyes.mean(axis=0)
        matrix = np.column_stack([np.eye(2) * scale, shift])
        if scale < 1:
            pixels = cv2.GaussianBlur(pixels, (0, 0), 0.5 / scale)
        rest = cv2.warpAffine(
            np.ascontiguousarray(pixels), matrix, (width, height), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)  # fmt: skip
        rest = 128.0 + rng.uniform(0.8, 1.05) * (rest - 128.0) + rng.uniform(-15.0, 15.0)
        self._rest = rest @ np.float32([0.299, 0.587, 0.114]) if grey else rest
        self._fine_landmarks = landmarks * scale + shift
        self._points = (self._fine_landmarks + 0.5) / _FINE - 0.5
        self._centre = self._points[27:31].mean(axis=0)
        width, height = self._size
        ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
        self._fine = np.stack([xs, ys], axis=-1) / _STEP  # nodes lie at whole multiples of the step
        self._across = xs / width - 0.5
        noise = DIFFICULTIES[script.difficulty].noise
        shape = (_TILES, height + _MARGIN, width + _MARGIN, *((3,) if not grey else ()))
        self._noise = np.float32(noise) * rng.standard_normal(shape, dtype=np.float32)
        across, down = (np.arange(-(-side // _STEP) + 1) * _STEP for side in self._size)
        self._nodes = np.stack(np.meshgrid(across, down), axis=-1).astype(np.float64)
        self._depth = self._spread(_DEPTH[:, None] * look.iod, rest=-1.3 * look.iod)[..., 0]
        self._parts = [
            (event.envelope, self._field(event.expression, event.side) * event.amplitude)
            for event in script.events
        ]
        self._drifts = [
            (drift.wander, self._field(drift.expression, "both")) for drift in script.drifts
        ]
        self._lids = [_Lid(self._fine_landmarks[part]) for part in (slice(36, 42), slice(42, 48))]

    def _spread(self, values: np.ndarray, rest: float = 0.0) -> np.ndarray:
        """Interpolate values (68, D) at the landmarks over the grid; ``rest`` far away."""
        angle = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
        ring = np.stack([np.cos(angle) * 1.6, np.sin(angle) * 2.1 + 0.3], axis=1)
        known = np.concatenate([self._points, self._centre + ring * self._look.iod])
        given = np.concatenate([values, np.full((len(ring), values.shape[1]), rest)])
        places = (known - self._centre) / self._look.iod
        solve = RBFInterpolator(places, given, kernel="thin_plate_spline", smoothing=0.01)
        grid = (self._nodes.reshape(-1, 2) - self._centre) / self._look.iod
        radius = np.hypot(grid[:, 0] / 1.6, (grid[:, 1] - 0.3) / 2.1)[:, None]
        inside = np.where(radius < 1.0, solve(grid), rest)
        return inside.reshape(*self._nodes.shape[:2], -1)

    def _field(self, expression: str, side: str) -> np.ndarray:
        """(h, w, 2) displacement in px per IOD of amplitude; the largest landmark moves by 1."""
        moves = np.zeros((68, 2))
        for unit, weight in EXPRESSIONS[expression].weights.items():
            for point, (away, down) in _MOVES[unit].items():
                middle = MIRROR[point] == point
                if side != "right" or middle:
                    moves[point] += weight * np.array([-away, down])
                if side != "left" and not middle:
                    moves[MIRROR[point]] += weight * np.array([away, down])
        moves /= np.linalg.norm(moves, axis=1).max()
        return self._spread(moves * self._look.iod)

    def _strength(self, envelope: Envelope, time: float) -> float:
        if not self._look.skewed:
            return envelope.at(time)
        # linear rise within a third, then a release that begins at once and slows down
        share = (time - envelope.onset) / (envelope.offset - envelope.onset)
        if not 0.0 < share < 1.0:
            return 0.0
        return share / 0.33 if share < 0.33 else float(1.0 - (share - 0.33) / 0.67) ** 1.5

    def frame(self, time: float, index: int) -> np.ndarray:
        """(H, W, 3) RGB or (H, W) uint8 at ``time`` seconds; ``index`` chooses the noise."""
        script, iod = self._script, self._look.iod
        pose = script.pose(time)
        moved = np.zeros_like(self._nodes)
        for envelope, field in self._parts:
            strength = self._strength(envelope, time)
            if strength:
                moved += strength * field
        for wander, field in self._drifts:
            moved += wander.at(time) * field
        # an opaque head in front of a pin-hole camera, turned about the middle of the skull
        flat = self._nodes - self._centre
        deep = self._depth + 0.9 * iod
        sy, cy, sp, cp = *_turn(pose.yaw), *_turn(pose.pitch)
        across = flat[..., 0] * cy + deep * sy
        away = deep * cy - flat[..., 0] * sy
        down = flat[..., 1] * cp + away * sp
        near = away * cp - flat[..., 1] * sp
        zoom = (_CAMERA * iod - deep) / (_CAMERA * iod - near)
        moved += np.stack([across * zoom, down * zoom], axis=-1) - flat
        cos, sin = np.cos(pose.roll) * pose.scale, np.sin(pose.roll) * pose.scale
        back = np.linalg.inv(np.array([[cos, -sin], [sin, cos]]))
        shift = self._centre + iod * np.array([pose.x, pose.y])
        head = (self._nodes - shift) @ back.T + self._centre
        source, field = head, moved.astype(np.float32)
        for _ in range(4):
            nodes = (source / _STEP).astype(np.float32)
            source = head - cv2.remap(
                field, nodes[..., 0], nodes[..., 1], cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip
        full = cv2.remap(source.astype(np.float32), self._fine, None, cv2.INTER_LINEAR)
        spots = (full + 0.5) * _FINE - 0.5
        face = self._rest
        closure = script.lid(time)
        if closure > 0.0:
            face = face.copy()
            for lid in self._lids:
                lid.close(face, closure)
        frame = cv2.remap(face, spots, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        light = 1.0 + script.wander["light"].at(time)
        light = light + np.float32(script.wander["light_x"].at(time)) * self._across
        frame *= light if frame.ndim == 2 else light[..., None]
        sigma = abs(script.wander["blur"].at(time)) * iod
        if sigma > 0.2:
            frame = cv2.GaussianBlur(frame, (0, 0), sigma)
        rng = np.random.default_rng([self._seed, index])
        row, column = rng.integers(_MARGIN, size=2)
        tile = self._noise[rng.integers(_TILES), row:, column:]
        frame += tile[: frame.shape[0], : frame.shape[1]] * np.float32(rng.choice([-1.0, 1.0]))
        return np.clip(frame + 0.5, 0.0, 255.0).astype(np.uint8)


class _Lid:
    """One eye of the rest picture, closed by a lid in the colour of the skin above it."""

    def __init__(self, points: np.ndarray) -> None:
        self._width = float(np.ptp(points[:, 0]))
        left, right = points[points[:, 0].argmin()], points[points[:, 0].argmax()]
        self._xs = np.linspace(left[0] - 0.06 * self._width, right[0] + 0.06 * self._width, 24)
        line = np.interp(self._xs, [left[0], right[0]], [left[1], right[1]])
        share = np.clip((self._xs - left[0]) / (right[0] - left[0]), 0.0, 1.0)
        arch = 4.0 * share * (1.0 - share)
        middle = 0.5 * (left[1] + right[1])
        self._upper = line - arch * (middle - points[:, 1].min() + 0.12 * self._width)
        self._lower = line + arch * (points[:, 1].max() - middle + 0.04 * self._width)

    def close(self, face: np.ndarray, closure: float) -> None:
        edge = self._upper + closure * (self._lower - self._upper)
        outline = np.concatenate(
            [np.stack([self._xs, self._upper], 1), np.stack([self._xs, edge], 1)[::-1]]
        )
        mask = np.zeros(face.shape[:2], dtype=np.uint8)
        cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(mask, (0, 0), 0.02 * self._width).astype(np.float32) / 255.0
        x0, x1 = int(self._xs[6]), int(self._xs[-6]) + 1
        y0 = int(self._upper.min() - 0.1 * self._width)
        skin = face[max(y0 - 3, 0) : y0 + 3, x0:x1].mean(axis=(0, 1))
        lashes = np.zeros(face.shape[:2], dtype=np.uint8)
        line = np.round(np.stack([self._xs, edge], 1) * 16).astype(np.int32)
        cv2.polylines(lashes, [line], False, 255, max(1, round(0.05 * self._width)), cv2.LINE_AA, 4)
        dark = 0.5 * np.minimum(closure * 3.0, 1.0) * lashes.astype(np.float32) / 255.0
        if face.ndim == 3:
            soft, dark = soft[..., None], dark[..., None]
        face *= 1.0 - soft
        face += soft * skin
        face *= 1.0 - dark


def _turn(angle: float) -> tuple[float, float]:
    return float(np.sin(angle)), float(np.cos(angle))
