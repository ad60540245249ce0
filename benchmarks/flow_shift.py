"""Accuracy of region displacement on known sub-pixel shifts, by flow estimator.

Rendered persons (sensor noise of 1.5 grey levels) show expressions whose largest displacement is
0.1 to 2 px at the size at which flow runs. Regions that move by at least half of that are compared
with the truth, pooled by the same weights: gain (1 = no shrinkage; slope of measured against true),
error (mean length of the difference, px), and at rest the noise (SD per axis, px) and the smallest
shift that three SDs detect.

    python benchmarks/flow_shift.py --persons 6
"""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Callable

import cv2
import numpy as np

from mespot.flow.estimate import make_flow
from mespot.flow.regions import RegionMap, make_regions
from mespot.params import load_params
from mespot.synth.identity import Identity, make_identity
from mespot.synth.motion import make_wander, visible_envelope
from mespot.synth.render import Renderer
from mespot.synth.script import Event, Script

SHIFTS = (0.1, 0.25, 0.5, 1.0, 2.0)
EXPRESSIONS = ("brow_raise", "brow_lower", "smile", "lip_depress", "jaw_drop", "upper_lip")
_NOISE = 1.5
_SIZE, _CROP, _CROP_IOD = 320, 192, 57.6
_REPEATS = 6  # pictures of a face at rest
_STILL = ("x", "y", "roll", "scale", "yaw", "pitch", "light", "light_x", "light_y", "blur")

Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]


def estimators() -> dict[str, Flow]:
    """Estimators by name: that of mespot, the challenge teams' settings, presets of DIS."""
    flows = {
        "farneback (mespot)": make_flow(),
        "farneback (challenge)": lambda a, b: cv2.calcOpticalFlowFarneback(
            a, b, None, 0.5, 3, 15, 5, 7, 1.5, 0
        ),
    }
    presets = {
        "dis ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
        "dis fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
        "dis medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
    }
    for name, preset in presets.items():
        search = cv2.DISOpticalFlow_create(preset)
        flows[name] = lambda a, b, search=search: search.calc(a, b, None)
    finest = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    finest.setFinestScale(0)
    flows["dis medium, finest 0"] = lambda a, b: finest.calc(a, b, None)
    return flows


class Face:
    """A person at rest and at the peak of one expression, as crops at the size of the flow."""

    def __init__(self, person: int, expression: str, amplitude: float, flow_iod: float) -> None:
        rng = np.random.default_rng(person)
        event = Event("mae", expression, "both", amplitude, visible_envelope(1.0, 1.0, 1.0, 1.0))
        still = {name: make_wander(rng, 0.0, 0.1, 0.5) for name in _STILL}
        script = Script(4.0, "easy", (event,), (), (), (), still)
        self._renderer = Renderer(_person(person), script, _SIZE, True, person)
        self._rng = rng
        rest = self._renderer.deformation
        scale = _CROP_IOD / rest.iod
        shift = np.array([0.5, 0.4]) * _CROP - scale * rest.landmarks[27:31].mean(axis=0)
        self._matrix = np.column_stack([np.eye(2) * scale, shift])
        landmarks = rest.landmarks * scale + shift
        self.regions = make_regions(landmarks, _CROP_IOD, _CROP, flow_iod)

    def crop(self, time: float) -> np.ndarray:
        """Draw with fresh noise; rest at 0 s, peak at 2.5 s."""
        frame = self._renderer.clean_frame(time)
        frame = frame + self._rng.normal(0.0, _NOISE, frame.shape)
        frame = np.clip(frame + 0.5, 0, 255).astype(np.uint8)
        crop = cv2.warpAffine(frame, self._matrix, (_CROP, _CROP), flags=cv2.INTER_LINEAR)
        return self.regions.cut(crop)

    def truth(self) -> np.ndarray:
        """(R + A, 2) true region displacement at the peak, px of the flow."""
        return true_displacement(self.regions, self._renderer, self._matrix) * self.regions.iod


def true_displacement(regions: RegionMap, renderer: Renderer, matrix: np.ndarray) -> np.ndarray:
    """(R + A, 2) displacement in IOD, pooled over the pixels of the flow by the same weights."""
    width, height = regions.size
    flow_pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2)
    x0, y0, x1, y1 = regions.box
    scale = np.array([width / (x1 - x0), height / (y1 - y0)])
    crop_pixels = (flow_pixels + 0.5) / scale - 0.5 + (x0, y0)
    points = (crop_pixels - matrix[:, 2]) / matrix[0, 0]
    face = renderer.deformation
    moved = face.positions(points, 2.5) - points
    return regions.weights @ moved / face.iod


@functools.cache
def _person(number: int) -> Identity:
    return make_identity(np.random.default_rng(number))


def measure(
    flows: dict[str, Flow], persons: int, flow_iod: float
) -> dict[str, list[tuple[float, float]]]:
    """(gain, error px) at every shift, by estimator."""
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in flows}
    for shift in SHIFTS:
        truths: list[np.ndarray] = []
        measured: dict[str, list[np.ndarray]] = {name: [] for name in flows}
        for person in range(persons):
            for expression in EXPRESSIONS:
                face = Face(person, expression, shift / flow_iod, flow_iod)
                pair, truth = (face.crop(0.0), face.crop(2.5)), face.truth()
                moving = np.linalg.norm(truth, axis=1) >= 0.5 * shift
                truths.append(truth[moving])
                for name, flow in flows.items():
                    seen = face.regions.pool(flow(*pair)) * face.regions.iod
                    measured[name].append(seen[moving])
        true = np.concatenate(truths)
        for name, parts in measured.items():
            seen = np.concatenate(parts)
            error = np.linalg.norm(seen - true, axis=1).mean()
            figures[name].append((float((seen * true).sum() / (true**2).sum()), float(error)))
    return figures


def noise_at_rest(flow: Flow, persons: int, flow_iod: float) -> float:
    """SD per axis of region displacement between pictures of a resting face, px."""
    rests = []
    for person in range(persons):
        face = Face(person, EXPRESSIONS[0], 0.01, flow_iod)
        reference = face.crop(0.0)
        pooled = [face.regions.pool(flow(reference, face.crop(0.0))) for _ in range(_REPEATS)]
        rests.append(np.std(pooled, axis=0).mean() * face.regions.iod)
    return float(np.mean(rests))


def cost(flow: Flow, flow_iod: float) -> float:
    """CPU ms per frame."""
    face = Face(0, EXPRESSIONS[0], 1.0 / flow_iod, flow_iod)
    pair = face.crop(0.0), face.crop(2.5)
    flow(*pair)
    start = time.process_time()
    for _ in range(20):
        flow(*pair)
    return 1e3 * (time.process_time() - start) / 20


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=6)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    flow_iod = load_params().flow.flow_iod
    print(f"flow at {flow_iod:g} px between the eyes; gain / error px at shifts of ... px")
    shifts = "".join(f"{shift:>13g}" for shift in SHIFTS)
    print(f"{'estimator':22s}{shifts}{'noise':>9s}{'3 SD':>7s}{'ms':>7s}")
    flows = estimators()
    figures = measure(flows, arguments.persons, flow_iod)
    for name, flow in flows.items():
        noise = noise_at_rest(flow, arguments.persons, flow_iod)
        cells = "".join(f"{gain:7.2f} /{error:5.3f}" for gain, error in figures[name])
        least = 3.0 * noise / figures[name][0][0]
        print(f"{name:22s}{cells}{noise:9.4f}{least:7.3f}{cost(flow, flow_iod):7.2f}")


if __name__ == "__main__":
    main()
