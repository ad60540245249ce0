from __future__ import annotations

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.datasets.adapter import adapter
from mespot.datasets.index import build_index
from mespot.params import load_params
from mespot.synth.identity import make_identity
from mespot.synth.render import Renderer
from mespot.synth.script import make_script
from mespot.tables.load import read_events, read_videos
from mespot.video.frames import open_frames
from tests.datasets.official import COLOUR, write_frames
from tests.video.videos import write_video

DATA = load_params().data
HEADER = "vid,onset,offset,type\n"


@pytest.fixture
def root(tmp_path):
    """A set with a video file of 48 frames at 25 fps and a folder of frames 5, 6, 9, 10, 11."""
    root = tmp_path / "mine"
    (root / "day one").mkdir(parents=True)
    write_video(root / "day one" / "Anna_1.mp4")
    write_frames(root / "frames" / "ben", [f"img{n}.jpg" for n in (5, 6, 9, 10, 11)], COLOUR)
    write(root, "vid,fps\nben,50\n", "videos.csv")
    return root


def write(root, text, name="events.csv", encoding="utf-8"):
    (root / name).write_bytes(text.encode(encoding))


def index(root):
    out = root.parent / "out"
    build_index("mine", root.parent, out, DATA)
    return read_videos(out / "videos.csv").set_index("video"), read_events(out / "events.csv")


def rows(root):
    return index(root)[1][["video", "onset", "apex", "offset", "type"]].values.tolist()


def fault(root):
    with pytest.raises(MespotError) as caught:
        index(root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_rendered_videos_of_both_kinds(tmp_path):
    import simplejpeg

    root = tmp_path / "mine"
    for number in range(3):
        rng = np.random.default_rng(number)
        script = make_script(rng, 1.0, "easy", 1, 0)
        renderer = Renderer(make_identity(rng), script, 96, False, number)
        frames = [renderer.frame(i / 25, i) for i in range(25)]
        folder = root / f"person{number}"
        folder.mkdir(parents=True)
        for place, frame in enumerate(frames):
            (folder / f"{place + 1:03d}.jpg").write_bytes(simplejpeg.encode_jpeg(frame))
    write(root, "vid,fps\nperson0,25\nperson1,25\nperson2,25\n", "videos.csv")
    write(root, HEADER + "person0,3,9,me\nperson2,1,25,mae\n")
    videos, events = index(root)
    assert videos["frames"].tolist() == [25] * 3
    assert events[["onset", "offset"]].values.tolist() == [[2, 8], [0, 24]]
    assert (events["rule"].str.replace("apex_unknown", "") == "").all()
    for video in videos.itertuples():
        decoded = sum(1 for _ in open_frames(tmp_path / video.path, video.fps).iterate())
        assert decoded == video.frames


def test_files_count_from_0_and_folders_as_their_names(root):
    write(root, HEADER + "Anna_1,0,9,me\nben,6,10,mae\n")
    videos, events = index(root)
    columns = ["subject", "path", "kind", "fps", "frames", "first", "gaps"]
    assert videos.loc["Anna_1", columns].tolist() == [
        "Anna_1", "mine/day one/Anna_1.mp4", "file", 25.0, 48, 0, "",
    ]  # fmt: skip
    assert videos.loc["ben", columns].tolist() == [
        "ben", "mine/frames/ben", "folder", 50.0, 5, 5, "7-8",
    ]  # fmt: skip
    assert rows(root) == [["Anna_1", 0, -1, 9, "me"], ["ben", 1, -1, 3, "mae"]]
    assert events["source"].tolist() == ["events.csv"] * 2 and events["row"].tolist() == [2, 3]


def test_seconds_take_the_nearest_frame(root):
    write(root, "vid,onset_s,offset_s,apex_s,type\nAnna_1,0.05,0.999,,me\nben,0.02,0.06,0.04,mae\n")
    _, events = index(root)
    # 0.05 s lies between frames 1 (0.04) and 2; 0.999 s is frame 25; ben's frames lie 0.02 s apart
    assert rows(root) == [["Anna_1", 1, -1, 25, "me"], ["ben", 1, 2, 3, "mae"]]
    assert events["official_onset"].tolist() == [1, 6] and events["official_offset"][1] == 10
    assert all("seconds_to_frames" in rule for rule in events["rule"])


def test_seconds_mean_the_same_at_every_rate(root):
    for fps in (25, 50, 100, 200):
        write(root, f"vid,fps\nben,{fps}\n", "videos.csv")
        write_frames(root / "frames" / "ben", [f"img{n}.jpg" for n in range(1, 201)], COLOUR)
        write(root, "vid,onset_s,offset_s,type\nben,0.2,0.68,me\n")
        event = index(root)[1].iloc[0]
        assert (event["onset"] / fps, event["offset"] / fps) == (0.2, 0.68)


def test_tables_of_spreadsheet_programs(root):
    written = (
        "\ufeffVid ; Onset_s;Offset_s; TYPE;comment\r\n anna_1.MP4 ;0,4;0,8;Micro;a, b\r\n;;;;\r\n"
    )
    write(root, written)
    assert rows(root) == [["Anna_1", 10, -1, 20, "me"]]
    write(root, "vid\tonset\toffset\ttype\nAnna_1\t1\t2.0\tMacro-Expression\n", encoding="utf-16")
    assert rows(root) == [["Anna_1", 1, -1, 2, "mae"]]
    write(root, '"vid","onset","offset","type"\n"Anna_1","1","2","mae"\n')
    assert rows(root) == [["Anna_1", 1, -1, 2, "mae"]]


def test_frames_are_preferred_where_both_stand(root):
    """As in the intervals.csv that `mespot spot` writes."""
    write(root, "vid,onset,offset,type,score,onset_s,offset_s\nAnna_1,4,8,me,0.9,9,9\n")
    assert rows(root) == [["Anna_1", 4, -1, 8, "me"]]


def test_persons(root, caplog):
    write(root, "vid,fps,subject\nben,50,B\n", "videos.csv")
    write(root, "vid,onset,offset,type,subject\nAnna_1,1,2,me,007\n")
    assert index(root)[0]["subject"].tolist() == ["007", "B"]
    write(root, HEADER)
    with caplog.at_level("INFO"):
        assert index(root)[0]["subject"].tolist() == ["Anna_1", "B"]
    assert "1 of 2 videos name no subject" in caplog.text
    write(root, "vid,onset,offset,type,subject\nben,5,6,me,C\n")
    assert "row 2, subject: found 'C', expected B, as another row says" in fault(root)


def test_videos_csv_renames_and_overrules(root):
    write(root, "vid,path,fps\nben,frames/ben,50\nfirst,day one\\Anna_1.mp4,24\n", "videos.csv")
    write(root, HEADER + "first,1,2,me\n")
    videos, _ = index(root)
    assert videos.loc["first", ["path", "fps", "frames"]].tolist() == [
        "mine/day one/Anna_1.mp4", 24.0, 48,
    ]  # fmt: skip
    assert "Anna_1" not in videos.index


def test_without_events_it_is_unlabelled(root):
    assert adapter("mine", root).events is None
    assert index(root)[1].empty
    write(root, HEADER, "Events.CSV")
    assert adapter("mine", root).events is not None
    assert index(root)[1].empty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "events.csv: is empty, expected a header vid,onset,offset,type or vid,onset_s"),
        ("vid,onset,type\n", "is missing, found vid, onset, type, expected vid,on"),
        ("vid onset offset type\nAnna_1 1 2 me\n", "or 'video' is missing, found vid onset off"),
        ("vid,onset_s,offset,type\n", "is missing, found vid, onset_s, offset, type"),
        ("vid,vid,onset,offset,type\n", "row 1: found column vid twice"),
        (HEADER + "Anna_1,1,2,smile\n", "row 2, type: found 'smile', expected me or mae"),
        (HEADER + "Anna_1,one,2,me\n", "row 2, onset: found 'one', expected a frame number"),
        (HEADER + "Anna_1,1,,me\n", "row 2, offset: found an empty cell, expected a frame number"),
        (HEADER + "Anna_1,1,2\n", "row 2: found 3 fields, expected 4 as in the header"),
        (HEADER + "\nAnna_1,1,2,me,9,9\n", "row 3: found 6 fields, expected 4 as in the header"),
        (HEADER + "Anna_1,-1,2,me\n", "row 2, Anna_1: found onset -1, expected"),
        (HEADER + "Anna_1,5,2,me\n", "row 2, Anna_1: found offset 2 before onset 5"),
        (HEADER + "Anna_1,48,50,me\n", "row 2, Anna_1: found onset 48, expected an event within"),
        (HEADER + "carl,1,2,me\n", "row 2: found an event of video carl, expected a folder"),
        (HEADER + ",1,2,me\n", "row 2, vid: found an empty cell"),
        (HEADER + 'Anna_1,1,2,"me\n', "events.csv: row 2: not a readable CSV table"),
        ("vid,onset_s,offset_s,type\nAnna_1,00:00:01:12,2,me\n", "expected a time in seconds >= 0"),
        ("vid,onset_s,offset_s,type\nAnna_1,-0.1,2,me\n", "row 2, onset_s: found '-0.1', expected"),
        ("vid,onset_s,offset_s,type\nAnna_1,1,0.5,me\n", "expected a time from onset_s 1 on"),
        ("vid,onset_s,offset_s,type\nAnna_1,3,4,me\n", "found onset 75, expected an event within"),
    ],
)  # fmt: skip
def test_a_faulty_row_is_named(root, text, message):
    write(root, text)
    found = fault(root)
    assert message in found and "events.csv" in found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vid,subject\nben,B\n", "has no frame rate, expected it in"),
        ("path,fps\nframes/ben,50\n", "column 'vid' or 'video' is missing"),
        ("vid,fps\nben,fast\n", "row 2, fps: found 'fast', expected frames per second above 0"),
        ("vid,fps\nben,0\n", "row 2, fps: found '0', expected frames per second above 0"),
        ("vid,fps\nben,50\nben,25\n", "row 3, vid: found 'ben', expected each video once"),
        ("vid,fps\nben,50\ncarl,25\n", "row 3, vid: found 'carl', expected a video found in"),
        ("vid,path,fps\nben,../mine2/x,5\n", "row 2, path: found '../mine2/x', expected a path"),
        ("vid,path,fps\nben,/etc,5\n", "row 2, path: found '/etc', expected a path inside"),
        ("vid,path,fps\nben,frames/no,5\n", "row 2, path: found 'frames/no', expected a video"),
        ("vid,path,fps\na/b,frames/ben,5\n", "row 2, vid: found 'a/b', expected a name without"),
        ("vid,path,fps\na,frames/ben,5\nb,frames/ben,5\n", "row 2, path: found 'frames/ben', exp"),
        ("vid,path,fps\nben,events.csv,5\n", "row 2, path: found 'events.csv', expected"),
    ],
)  # fmt: skip
def test_a_faulty_list_of_videos_is_named(root, text, message):
    write(root, HEADER)
    write(root, text, "videos.csv")
    assert message in fault(root)


def test_faulty_folders_are_named(root, tmp_path):
    write_video(root / "Anna_1.mp4", 4)
    assert "found a second video Anna_1" in fault(root)
    (root / "Anna_1.mp4").unlink()
    write(root, "vid,onset,offset,type\n\xe4,1,2,me\n", encoding="latin-1")
    assert "row 2: found an event of video \xe4, expected" in fault(root)
    (root / "day one" / "Anna_1.mp4").write_bytes(b"cut short")
    assert "Anna_1.mp4: not a readable video" in fault(root)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MespotError, match="found no video file and no folder of numbered frames"):
        build_index("empty", tmp_path, tmp_path / "out", DATA)


def test_unknown_data_set_lists_what_there_is(tmp_path):
    with pytest.raises(MespotError) as caught:
        build_index("fer2013", tmp_path, tmp_path / "out", DATA)
    assert "samm_lv" in str(caught.value) and "events.csv (vid,onset,offset,type)" in str(
        caught.value
    )


def test_a_broken_file_stops_the_index_or_is_left_out_on_request(tmp_path, caplog):
    folder = tmp_path / "mine"
    write_frames(folder / "good", ["1.jpg", "2.jpg", "3.jpg"], COLOUR)
    (folder / "bad.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(64))
    (folder / "videos.csv").write_text("vid,fps\ngood,25\n")
    with pytest.raises(MespotError, match=r"bad\.mp4: "):
        build_index("mine", tmp_path, tmp_path / "out", DATA)
    lenient = DATA.model_copy(update={"allow_missing": True})
    videos, _ = build_index("mine", tmp_path, tmp_path / "out", lenient)
    assert videos["video"].tolist() == ["good"]
    assert "bad.mp4" in caplog.text and "left out" in caplog.text
