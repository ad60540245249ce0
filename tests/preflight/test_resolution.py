"""The check before a run counts what the index counts, on layouts in which much is wrong."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from mespot.datasets.adapter import adapter
from mespot.datasets.index import build_index
from mespot.params import load_params
from mespot.preflight.census import take_census
from tests.datasets import official

LENIENT = load_params().data.model_copy(update={"allow_missing": True, "faulty_rows": "drop"})


def samm_lv(root):
    rows = [
        ["006_1_1", 4, 6, 8, "Macro"], ["006_1_2", 4, 6, 8, "Macro"], ["006_1_3", 4, 6, 8, "Micro"],
        ["006_1_4", 0, 5, 7, "Micro"], ["006_1_5", 9, 0, 0, "Macro"], ["006_1_6", 9, 3, 5, "Macro"],
        ["006_1_7", -3, 3, 5, "Macro"], ["006_1_8", 90, 95, 99, "Macro"],
        ["006_1_9", 15, 16, 99, "Micro"], ["099_9_1", 1, 2, 3, "Micro"],
        ["031_7_1", 2.4, 3, 4.5, "Micro"],
    ]  # fmt: skip
    official.samm_lv(root, rows, {"006_1": 20, "031_7": 10})


def casme3(root):
    me = [["spNO.1", "a", 6, 9, 12], ["spNO.1", "a", 8, 8, 9], ["spNO.1", "a", 6, 7, 12],
          ["spNO.2", "b", 1, 2, 3]]  # fmt: skip
    mae = [["spNO.1", "a", 6, 9, 12], ["spNO.1", "a", 30, 31, 32], ["spNO.1", "a", 12, 9, 6]]
    official.casme3(root, me, mae, {"spNO.1/a": [5, 6, 7, 10, 11, 12]})


@pytest.mark.parametrize("layout", [samm_lv, casme3])
def test_check_and_index_count_the_same(tmp_path, layout):
    name, folder = layout.__name__, tmp_path / layout.__name__
    layout(tmp_path)
    _, events = build_index(name, tmp_path, tmp_path / "out", LENIENT)
    dropped = pd.read_csv(tmp_path / "out" / "dropped.csv", dtype=str)
    census = take_census(adapter(name, folder), folder, LENIENT)
    keys = ["subject", "video", "onset", "offset", "type"]
    mine = census.events.sort_values(keys)[keys].to_numpy().tolist()
    assert mine == events.sort_values(keys)[keys].to_numpy().tolist() and mine
    rules = Counter(rule for cell in events["rule"] for rule in cell.split(";") if rule)
    assert census.rules == rules and rules["duplicate_dropped"]
    reasons = dropped["reason"].value_counts().to_dict()
    counted = {reason: len(lines) for reason, lines in census.dropped.items()}
    counted["video_not_on_disk"] = sum(census.missing.values())
    assert counted == reasons and len(reasons) >= 4
