from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import _pylab_helpers
from matplotlib.colors import to_hex

from mespot.plots.areas import group_regions, outward
from mespot.plots.colours import TYPE_COLOURS
from mespot.plots.timeline import draw_timeline, timeline_figure

REGIONS = ("brow_inner_r", "brow_inner_l", "lip_corner_r", "lip_corner_l", "chin")
FPS = 30.0
LOOK = {"title": "a $b_c", "fps": FPS, "threshold": 5.0}


def made_signals(seconds: float, gap: bool = False) -> SimpleNamespace:
    rng = np.random.default_rng(0)
    count = max(1, int(seconds * FPS))
    displacement = rng.normal(0, 0.002, (count, len(REGIONS), 2))
    strength = np.abs(rng.normal(0, 1, count))
    confidence = np.full(count, 0.9)
    if gap:
        displacement[10:20] = strength[10:20] = np.nan
        confidence[10:20] = 0.0
    blink = np.zeros(count)
    blink[5:9] = 1.0
    return SimpleNamespace(
        frame=np.arange(count),
        time=np.arange(count) / FPS,
        regions=REGIONS,
        displacement=displacement,
        noise=np.full(len(REGIONS), 0.002),
        strength=strength,
        blink=blink,
        head_motion=np.abs(rng.normal(0, 0.1, count)),
        residual=np.zeros(count),
        speech=(np.arange(count) >= count // 2).astype(float),
        confidence=confidence,
    )


def table(*rows):
    return pd.DataFrame(rows, columns=["onset", "offset", "type", "score"])


TRUTH = pd.DataFrame({"onset": [30], "apex": [34], "offset": [40], "type": ["me"]})
FOUND = table((31, 40, "me", 0.9), (60, 100, "mae", 0.4))


def bars(panel):
    """Start and end in s, and the face colour, of every bar of an interval panel."""
    return [
        (*collection.get_paths()[0].vertices[:, 0][[0, 2]], to_hex(collection.get_facecolor()[0]))
        for collection in panel.collections
    ]


def interval_panels(figure):
    return [axes for axes in figure.axes if axes.get_xlabel() == "time, s"]


def test_same_input_gives_the_same_bytes_and_no_global_figure(tmp_path):
    before = len(_pylab_helpers.Gcf.figs)
    for name in ("one.png", "two.png"):
        draw_timeline(tmp_path / name, made_signals(5, gap=True), FOUND, TRUTH, **LOOK)
    content = (tmp_path / "one.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert content == (tmp_path / "two.png").read_bytes()
    assert b"Software" not in content
    assert len(_pylab_helpers.Gcf.figs) == before


def test_bars_stand_at_their_inclusive_frames_filled_where_they_hit():
    figure = timeline_figure(made_signals(5), FOUND, TRUTH, **LOOK)
    (panel,) = interval_panels(figure)
    truth, hit, miss = bars(panel)
    assert truth[:2] == pytest.approx((1.0, 41 / 30))
    assert hit[2] == truth[2] == TYPE_COLOURS["me"]
    assert miss[:2] == pytest.approx((2.0, 101 / 30))
    assert miss[2] == "#ffffff"
    assert [label.get_text() for label in panel.get_yticklabels()] == ["truth", "found"]
    assert {text.get_text() for text in panel.texts} == {"0.90", "0.40"}


def test_without_truth_everything_found_is_filled():
    (panel,) = interval_panels(timeline_figure(made_signals(5), FOUND, **LOOK))
    assert [bar[2] for bar in bars(panel)] == [TYPE_COLOURS["me"], TYPE_COLOURS["mae"]]


def test_branches_have_rows_of_their_own_fused_first():
    found = pd.concat([FOUND.assign(branch=name) for name in ("flow", "fused", "model")])
    (panel,) = interval_panels(timeline_figure(made_signals(5), found, TRUTH, **LOOK))
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert names == ["truth", "fused", "model", "flow"]


@pytest.mark.parametrize(("seconds", "rows"), [(4, 1), (40, 1), (130, 4), (300, 6)])
def test_long_videos_wrap_and_cover_all_of_the_time(seconds, rows):
    panels = interval_panels(timeline_figure(made_signals(seconds), FOUND, **LOOK))
    assert len(panels) == rows
    limits = [panel.get_xlim() for panel in panels]
    assert limits[0][0] == 0.0
    assert limits[-1][1] >= seconds - 1e-9
    assert [one for _, one in limits[:-1]] == pytest.approx([other for other, _ in limits[1:]])


def test_long_signals_are_thinned():
    figure = timeline_figure(made_signals(1200), FOUND, **LOOK)  # 6000 samples a row
    assert max(len(line.get_xdata()) for axes in figure.axes for line in axes.lines) <= 2802


def test_nothing_found_and_a_single_frame_still_give_a_picture(tmp_path):
    draw_timeline(tmp_path / "one.png", made_signals(0.01), FOUND.iloc[:0], **LOOK)
    silent = made_signals(3)
    silent.displacement[:] = silent.strength[:] = silent.head_motion[:] = np.nan
    silent.confidence[:] = 0.0
    draw_timeline(tmp_path / "two.png", silent, FOUND.iloc[:0], TRUTH.iloc[:0], **LOOK)
    assert (tmp_path / "one.png").stat().st_size > 5000


def test_a_raised_brow_and_an_outward_lip_corner_point_upwards():
    signals = made_signals(3)
    signals.displacement[:] = 0.0
    signals.displacement[30:40, 0, 1] = -0.02  # up in the picture
    signals.displacement[30:40, 2, 0] = -0.02  # the right lip corner moves to the picture's left
    lines = timeline_figure(signals, FOUND, **LOOK).axes[0].lines
    moved = [line.get_ydata() for line in lines if np.ptp(line.get_ydata()) > 0]
    assert len(moved) == 2
    for values in moved:
        assert values[35] - values[0] == pytest.approx(np.arcsinh(2.0), rel=1e-6)


def test_peaks_of_intervals_are_dots_on_the_evidence():
    found = FOUND.assign(apex=[35, np.nan], peak_sd=[40.0, np.nan])  # the model branch has none
    evidence = timeline_figure(made_signals(5), found, **LOOK).axes[1]
    dots = [line for line in evidence.lines if line.get_marker() == "o"]
    assert [line.get_xdata().tolist() for line in dots] == [[pytest.approx(35.5 / FPS)], []]
    assert dots[0].get_ydata().tolist() == [40.0]
    assert evidence.get_ylim()[1] > 40.0


def test_regions_are_grouped_from_brow_to_chin():
    groups = group_regions(("chin", "lid_upper_l", "glabella", "lower_lip", "ear_r", "cheek_r"))
    assert [(area.name, members) for area, members in groups] == [
        ("brows", [2]),
        ("lids", [1]),
        ("nose, cheeks", [5]),
        ("lips", [3]),
        ("chin", [0]),
        ("other", [4]),
    ]
    assert (outward("lip_corner_r"), outward("lip_corner_l"), outward("chin")) == (-1, 1, 1)
