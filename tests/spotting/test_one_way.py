"""The same video gives the same in the pipeline, `mespot spot`, `mespot submit` and served."""

from __future__ import annotations

from contextlib import closing

import av
import numpy as np
import pandas as pd
import pytest

import mespot
from mespot.crops.archive import CropReader
from mespot.crops.grey_store import CropFile
from mespot.faces.preprocess import preprocess_video
from mespot.flow.branch import flow_video
from mespot.params import load_params
from mespot.spotting.inputs import Input
from mespot.spotting.run import spot
from mespot.spotting.video import DETECTED, analyse_video
from mespot.submission.run import CODE, _search_one
from mespot.synth.identity import make_identity
from mespot.synth.render import render
from mespot.synth.script import make_script
from mespot.video.frames import open_frames
from tests.imports import ROOT, closure

PARAMS = load_params(ROOT / "params.yaml").model_copy(update={"jobs": 1})
FPS = 30
ENDS, SCORE = 2, 0.025  # frames, and share: the most of four films
"""Crops in the pipeline's archive are jpgs, those of ``mespot spot`` are not."""


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "v.mp4"
    rng = np.random.default_rng(5)
    frames = render(make_identity(rng), make_script(rng, 4.0, "easy", 0, 1), FPS, 192, False, 1)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"crf": "12"})
        stream.width = stream.height = 192
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def spotted(film):
    return mespot.analyse(film, params=PARAMS)


def test_spot_submit_and_the_python_function_give_the_same_digits(film, spotted, tmp_path):
    rows = spotted.intervals
    assert len(rows)
    table = spot([Input("v", film, None)], tmp_path / "spot", PARAMS)
    found, fault = _search_one(str(film), "v", FPS, str(tmp_path), "key", PARAMS, None)
    assert fault is None
    for other in (table, pd.DataFrame(found)):
        assert other[["onset", "offset", "type"]].equals(rows[["onset", "offset", "type"]])
        np.testing.assert_allclose(other["score"], rows["score"], rtol=0, atol=5.1e-5)  # 4 decimals
    np.testing.assert_allclose([row["score"] for row in found], rows["score"], rtol=0, atol=5.1e-7)


@pytest.fixture(scope="module")
def stored(film, tmp_path_factory):
    """Signals and intervals of the pipeline's stages preprocess and flow."""
    folder = tmp_path_factory.mktemp("stages")
    track = preprocess_video(open_frames(film), "v", folder, PARAMS.preprocess)
    with closing(CropReader(folder / "v.zip")) as crops:
        signals, table = flow_video(crops, track, PARAMS.flow)
    return signals, table.assign(video="v")


def test_with_colour_crops_flow_is_the_very_same_as_in_the_pipeline(film, stored, tmp_path):
    """So a fused system is shown the flow that its thresholds were chosen on."""
    crops = CropFile(tmp_path, "v", colour=True)
    found = analyse_video(open_frames(film), "v", crops, PARAMS)
    assert len(found.flow) and found.flow.equals(stored[1])
    assert np.array_equal(found.signals.displacement, stored[0].displacement)


def test_without_colour_flow_is_that_of_the_pipeline_within_a_tolerance(spotted, stored):
    table = stored[1]
    strong = table[table["score"] >= DETECTED].sort_values(["onset", "offset"])
    ours = spotted.intervals
    assert strong["type"].tolist() == ours["type"].tolist()
    ends = [one[["onset", "offset"]].to_numpy() for one in (strong, ours)]
    apart = np.abs(strong["score"].to_numpy() - ours["score"].to_numpy()).max()
    assert np.abs(ends[0] - ends[1]).max() <= ENDS and apart <= SCORE, (ends, apart)


def test_what_submit_calls_code_covers_all_that_analyses_a_video():
    def covered(path):
        return any(path == f"mespot/{name}" or path.startswith(f"mespot/{name}/") for name in CODE)

    files = {
        file.relative_to(ROOT).as_posix() for file in closure(ROOT / "mespot/spotting/video.py")
    }
    assert not [path for path in files if path != "mespot/__init__.py" and not covered(path)]
