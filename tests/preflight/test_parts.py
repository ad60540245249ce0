"""Label statistics, subjects, wording."""

from __future__ import annotations

import pandas as pd
import pytest

from mespot.params import load_params
from mespot.preflight.cost import estimate
from mespot.preflight.finding import few, natural, several
from mespot.preflight.labels import label_statistics
from tests.datasets import official


def test_label_statistics():
    events = pd.DataFrame(
        {
            "video": ["a", "a", "a", "b"],
            "type": ["me", "mae", "mae", "me"],
            "onset": [0, 0, 100, 0],
            "offset": [14, 29, 129, 17],
            "seconds": [0.5, 1.0, 1.0, 0.6],
        }
    )
    found = label_statistics(events)
    assert found["me"] == {
        "count": 2,
        "median_s": pytest.approx(0.55),
        "shortest_s": 0.5,
        "longest_s": 0.6,
        "over_half_second": 1,  # half a second itself is not over it
    }
    assert (found["overlapping_pairs"], found["overlapping_half"]) == (1, 1)
    assert found["videos_with_events"] == 2
    assert label_statistics(events[:0]) == {
        "me": {"count": 0},
        "mae": {"count": 0},
        "overlapping_pairs": 0,
        "overlapping_half": 0,
        "videos_with_events": 0,
    }


def test_names_sort_by_their_numbers_and_long_lists_end_in_a_count():
    names = ["spNO.10_a", "spNO.2_b", "spNO.2_a", "gcf_h3"]
    assert sorted(names, key=natural) == ["gcf_h3", "spNO.2_a", "spNO.2_b", "spNO.10_a"]
    assert few(list("abcd"), 2) == "a, b and 2 more" and few(["a"], 2) == "a"
    assert several(1, "video") == "1 video" and several(1300, "video") == "1,300 videos"


def test_cost_follows_frames_rate_and_crop_size(tmp_path):
    from mespot.datasets.adapter import ADAPTERS

    official.samm_lv(tmp_path, [], {"006_1": 40, "006_2": 400})
    params = load_params()
    videos = ADAPTERS["samm_lv"].videos(tmp_path / "samm_lv", params.data)
    cost = estimate(videos, params, tmp_path, 1.5, None)
    assert cost.crops == 110  # 200 fps thinned to 50 per second
    assert cost.raw_bytes == pytest.approx(440 * len(official.GREY))
    assert cost.index_seconds == 3.0 and cost.decode_seconds > 0
    twice = params.preprocess.model_copy(update={"crop_size": 384})
    larger = estimate(videos, params.model_copy(update={"preprocess": twice}), tmp_path, 1.5, None)
    assert 3 < larger.crop_bytes / cost.crop_bytes < 4  # pixels count, signals do not
