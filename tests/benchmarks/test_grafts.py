"""Grafts of `benchmarks/grafted.py`: where they are put, what they move, how they are judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mespot.crops.track import FaceTrack
from mespot.faces.geometry import invert, scale_of, similarity, transform
from mespot.synth.actions import EXPRESSIONS, displacement
from mespot.synth.identity import make_identity
from mespot.synth.motion import visible_envelope
from mespot.synth.script import Event

FPS, FRAMES = 25.0, 750
EVENT = Event("mae", "smile", "left", 0.1, visible_envelope(1.0, 0.4, 0.4, 0.4))


@pytest.fixture
def tools(monkeypatch, root):
    """The modules of the benchmark."""
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    import graft
    import graft_script

    return graft, graft_script


@pytest.fixture
def track() -> FaceTrack:
    """A face of 60 px IOD in the crop that moves, turns and comes nearer in the frame."""
    identity = make_identity(np.random.default_rng(3))
    landmarks = (identity.landmarks * 200).astype(np.float32)
    matrices = [
        similarity(0.2 + 0.01 * np.sin(i), -0.4, np.array([150 + 0.1 * i, 160]), np.full(2, 100))
        for i in range(FRAMES)
    ]
    success = np.ones(FRAMES, dtype=bool)
    success[:20] = False
    return FaceTrack(
        fps=FPS, frames=FRAMES, frame=np.arange(FRAMES), time=np.arange(FRAMES) / FPS,
        matrix=np.stack(matrices), landmarks=landmarks, success=success,
        confidence=np.ones(FRAMES, np.float32), head=np.zeros((FRAMES, 4)), size=200,
        iod=identity.pupil_distance * 200, grey=True,
    )  # fmt: skip


class Dot:
    """A bright dot on the left mouth corner of a head that moves."""

    fps, frames, grey, numbers = FPS, FRAMES, True, None

    def __init__(self, track: FaceTrack) -> None:
        self.at = [transform(invert(m), track.landmarks[48]) for m in track.matrix]

    def iterate(self, stride: int = 1):
        y, x = np.mgrid[:320, :400]
        for index in range(0, 60, stride):
            away = (x - self.at[index][0]) ** 2 + (y - self.at[index][1]) ** 2
            yield index, (40 + 200 * np.exp(-away / 18)).astype(np.uint8)


def grafted(tools, track, event=EVENT):
    graft, script = tools
    own = script.Own(np.zeros((0, 2)), np.zeros((0, 2)))
    truth = script.truth_of([script.Graft(event, "alone")], own, FRAMES, FPS)
    return graft.GraftedSource(Dot(track), track, [event], truth)


def centre(image: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    weight = image.astype(float) - 40
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


def test_a_graft_moves_the_skin_by_its_amplitude_and_goes_with_the_head(tools, track):
    source = grafted(tools, track)
    apex = int(source.truth["apex"][0])
    own, shown = (dict(s.iterate())[apex] for s in (Dot(track), source))
    corner = track.landmarks[48][None, None].astype(float)
    axis = np.arange(0.0, 200.0, 2.0)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    field = EXPRESSIONS["smile"], "left", track.landmarks, track.iod
    largest = displacement(*field, grid)[int(corner[0, 0, 1] // 2), int(corner[0, 0, 0] // 2)]
    assert np.linalg.norm(largest) > 0.8  # a smile is largest near the corner of the mouth
    matrix = track.matrix[apex]
    wanted = 0.1 * track.iod * np.linalg.solve(matrix[:, :2], largest)
    assert centre(shown) - centre(own) == pytest.approx(wanted, abs=0.2 * np.linalg.norm(wanted))
    assert np.linalg.norm(wanted) == pytest.approx(
        0.1 * track.iod / scale_of(matrix) * np.linalg.norm(largest)
    )


def test_frames_outside_events_and_pixels_beside_the_face_stay(tools, track):
    source = grafted(tools, track)
    onset, offset = source.truth[["onset", "offset"]].to_numpy()[0]
    for (index, own), (_, shown) in zip(Dot(track).iterate(), source.iterate(), strict=True):
        changed = shown != own
        assert changed.any() == (onset <= index <= offset)
        assert not changed[:100].any() and not changed[:, :60].any()


def test_grafts_lie_where_the_clip_does_nothing(tools, track):
    _, script = tools
    own = script.Own(np.array([[100.0, 180.5], [500.0, 520.0]]), np.array([[300.0, 420.0]]))
    stretches = script.free_stretches(track, own)
    # 20 frames without a face; half a second around what is marked
    assert np.array(stretches) * FPS == pytest.approx(
        np.array([[20, 87], [195, 487], [534, 750]]), abs=1.5
    )
    free = script.covered(FRAMES, np.array(stretches) * FPS - [0, 1])
    tables = []
    for seed in range(40):
        grafts = script.draw_grafts(np.random.default_rng(seed), stretches, FRAMES / FPS, FPS)
        tables.append(script.truth_of(grafts, own, FRAMES, FPS))
        again = script.draw_grafts(np.random.default_rng(seed), stretches, FRAMES / FPS, FPS)
        assert grafts == again
        for first, last in tables[-1][["onset", "offset"]].to_numpy():
            assert 0 <= first <= last < FRAMES and free[first : last + 1].all()
    table = pd.concat(tables)
    me = table[table["type"] == "me"]
    assert me["amplitude_iod"].between(0.007, 0.04).all()
    assert me["duration_s"].between(0.15, 0.5).all()
    assert set(table["placed"]) == {"alone", "on_hold", "to_end"}  # no face when it begins
    assert 0.05 < (me["placed"] == "on_hold").mean() < 0.25
    assert set(table["ground"]) == {"rest", "speech"}
    share = (me["apex"] - me["onset"]) / (me["offset"] - me["onset"])
    assert share.quantile(0.1) < 0.35 and share.quantile(0.9) > 0.65  # either side may be quick


def test_an_expression_from_the_start_begins_with_the_first_frame(tools, track):
    _, script = tools
    seen = [(0.0, FRAMES / FPS)]
    own = script.Own(np.zeros((0, 2)), np.zeros((0, 2)))
    for seed in range(60):
        grafts = script.draw_grafts(np.random.default_rng(seed), seen, FRAMES / FPS, FPS)
        table = script.truth_of(grafts, own, FRAMES, FPS)
        early = table[table["placed"] == "from_start"]
        if len(early):
            assert early["onset"].tolist() == [0]
            assert grafts[early.index[0]].event.envelope.at(0.0) > 0.5
            return
    raise AssertionError("none was drawn")


def test_verdicts(tools):
    _, script = tools
    from graft_score import joined, judge

    truth = pd.DataFrame({"onset": [10, 100], "offset": [19, 159], "type": ["me", "mae"]})
    found = pd.DataFrame(
        {
            "onset": [11, 100, 141, 201, 300, 400],
            "offset": [20, 139, 159, 210, 309, 409],
            "type": ["mae", "mae", "me", "me", "me", "me"],
        }
    )
    own = script.Own(np.array([[205.0, 260.0]]), np.array([[300.0, 320.0]]))
    judged = judge(truth, found, own, FRAMES, FPS)
    verdicts = ["hit", "hit", "piece", "left", "alarm", "alarm"]
    assert judged.predictions["verdict"].tolist() == verdicts
    assert judged.predictions["ground"].tolist()[-2:] == ["speech", "rest"]
    assert judged.events["typed"].tolist() == [False, True]
    nothing = judge(truth[:0], found[:0], own, FRAMES, FPS)
    assert joined([nothing, judged, judged]).counts().tolist() == [[4, 6, 0]]
    late = judge(truth, found, own, 350, FPS)  # annotations may end before the video
    assert len(late.predictions) == 5
