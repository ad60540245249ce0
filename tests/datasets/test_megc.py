from __future__ import annotations

import pytest

from mespot.core.errors import MespotError
from mespot.datasets.adapter import ADAPTERS
from mespot.datasets.index import build_index
from mespot.datasets.megc import part_of
from mespot.params import load_params
from mespot.tables.load import read_events, read_videos
from tests.datasets.official import COLOUR, GREY, write_frames

DATA = load_params().data


def samm(folder, video, count):
    write_frames(folder / video, [f"{video}_{n:04d}.jpg" for n in range(1, count + 1)], GREY)


def index(dataset, root):
    build_index(dataset, root, root / "out", DATA)
    assert read_events(root / "out" / "events.csv").empty
    return read_videos(root / "out" / "videos.csv").set_index("video")


@pytest.mark.parametrize("dataset", ["megc2022", "megc2023"])
def test_published_names_belong_to_one_part_and_are_found(tmp_path, dataset):
    published = ADAPTERS[dataset].published
    assert len(set(published.names)) == len(published.names) == published.videos
    for name in published.names:
        if part_of(name) == "samm":
            samm(tmp_path / dataset / "SAMM_data", name, 2)
        elif dataset == "megc2022":
            write_frames(tmp_path / dataset / "CAS_data" / name, ["1.jpg"], COLOUR)
        else:
            write_frames(
                tmp_path / dataset / "CAS_data" / name.replace("_", "/"), ["1.jpg"], COLOUR
            )
    videos = index(dataset, tmp_path)
    assert sorted(videos.index) == sorted(published.names)
    assert videos["subject"].nunique() == published.subjects


def test_rates_subjects_numbers_and_gaps(tmp_path):
    samm(tmp_path / "megc2023" / "any" / "name", "003_7", 3)
    write_frames(tmp_path / "megc2023/CAS_data/dzw/a1", ["5.jpg", "6.jpg", "9.jpg"], COLOUR)
    videos = index("megc2023", tmp_path)
    columns = ["subject", "fps", "frames", "first", "gaps", "grey"]
    assert videos.loc["003_7", columns].tolist() == ["003", 200.0, 3, 1, "", True]
    assert videos.loc["dzw_a1", columns].tolist() == ["dzw", 30.0, 3, 5, "7-8", False]
    assert videos.loc["dzw_a1", "path"] == "megc2023/CAS_data/dzw/a1"


@pytest.mark.parametrize(
    ("folder", "video"),
    [
        ("gcf_s4", "gcf_s4"),  # flat
        ("test_v2/gcf_s4", "gcf_s4"),  # a grouping folder that looks like a flat name
        ("GCF/S4", "gcf_s4"),
        ("gcf/s4/color", "gcf_s4"),
        ("gcf_s4/gcf_s4", "gcf_s4"),  # unpacked twice
        ("gcf/s4", "gcf_s4"),
    ],
)
def test_layouts_of_the_cas_part(tmp_path, folder, video):
    write_frames(tmp_path / "megc2023" / folder, ["1.jpg"], COLOUR)
    write_frames(tmp_path / "megc2023/__MACOSX/gcf/s4", ["1.jpg"], COLOUR)
    assert index("megc2023", tmp_path).index.tolist() == [video]


def test_short_numbers_of_2022_are_padded(tmp_path):
    write_frames(tmp_path / "megc2022" / "Sub3", ["1.jpg"], COLOUR)
    assert index("megc2022", tmp_path).index.tolist() == ["sub03"]


def test_a_video_without_frames_is_named(tmp_path):
    (tmp_path / "megc2022" / "sub01").mkdir(parents=True)
    with pytest.raises(MespotError, match="sub01: found no frame, expected numbered files"):
        index("megc2022", tmp_path)


def test_part_of():
    assert [part_of(name) for name in ("005_7", "sub03", "wy_f4")] == ["samm", "cas", "cas"]
    for name in ("15_0101disgustingteeth", "spNO.1_a", "005", ""):
        with pytest.raises(MespotError, match="not a name of the MEGC test sets"):
            part_of(name)
