from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mespot.synth.build import LAYOUTS
from mespot.synth.render import Renderer

pytestmark = pytest.mark.slow

dlib = pytest.importorskip("dlib")


@pytest.mark.parametrize("dataset", sorted(LAYOUTS))
def test_every_person_is_found_where_the_truth_says(params, dataset):
    spec = importlib.util.find_spec("face_recognition_models")
    model = Path(spec.submodule_search_locations[0]) / "models"
    predictor = dlib.shape_predictor(str(model / "shape_predictor_68_face_landmarks.dat"))
    detector = dlib.get_frontal_face_detector()
    size = getattr(params.synth, dataset).model_copy(update={"videos": 1})
    for plan in LAYOUTS[dataset].plan(size, "hard", params.seed):
        renderer = Renderer(plan.identity, plan.script, params.synth.frame_size, plan.grey, 0)
        for time in (5.0,):
            frame = renderer.frame(time, 0)
            boxes = detector(frame, 0)
            assert len(boxes) == 1, plan.video
            parts = predictor(frame, boxes[0]).parts()
            found = np.array([(part.x, part.y) for part in parts])
            shape = renderer.deformation
            truth = shape.positions(shape.landmarks, time)
            error = np.linalg.norm(found - truth, axis=1).mean()
            assert error < 0.04 * shape.iod, plan.video
