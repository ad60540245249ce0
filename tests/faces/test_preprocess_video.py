from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest

from mespot.core.errors import MespotError
from mespot.crops.archive import CropReader
from mespot.crops.track import FaceTrack
from mespot.faces import preprocess
from mespot.faces.contact_sheet import write_contact_sheet
from mespot.faces.geometry import compose, invert, transform
from mespot.faces.landmarks import eye_centres
from mespot.faces.preprocess import preprocess_dataset, preprocess_video


def files(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_outputs_fit_together(scene, params, tmp_path):
    source = scene(count=20, motion=lambda i: (3.0 * i, 0, 0.01 * i, 1.01**i), fps=25.0)
    track = preprocess_video(source, "v1", tmp_path, params)
    assert set(files(tmp_path)) == {"v1.zip", "v1.npz", "v1.json"}
    loaded = FaceTrack.load(tmp_path / "v1.npz")
    assert np.array_equal(loaded.matrix, track.matrix)
    assert len(CropReader(tmp_path / "v1.zip")) == len(track) == track.frames == 20
    assert track.fps == 25.0 and np.allclose(track.time, np.arange(20) / 25)
    assert track.iod == pytest.approx(params.crop_iod * params.crop_size)
    assert track.success.all() and not track.grey
    assert np.allclose(track.head[0], 0)
    assert np.allclose(track.head[:, 2], 0.01 * np.arange(20), atol=2e-3)
    assert np.allclose(track.head[:, 3], np.log(1.01) * np.arange(20), atol=3e-3)
    eyes = eye_centres(track.landmarks).mean(axis=0, keepdims=True)
    before = transform(invert(track.matrix[0]), eyes)
    after = transform(compose(source.matrix(10), invert(source.matrix(0))), before)
    unit = track.iod / np.hypot(*track.matrix[0, 0, :2])
    assert np.allclose(track.head[10, :2], (after - before)[0] / unit, atol=0.01)
    # Landmarks mapped back to the first frame lie on the portrait's nose.
    nose = transform(invert(track.matrix[0]), track.landmarks)[30]
    assert np.hypot(*(nose - transform(source.matrix(0), np.array([[224.0, 130.0]]))[0])) < 40


def test_same_video_same_bytes(scene, params, tmp_path):
    for name in ("a", "b"):
        preprocess_video(
            scene(count=8, motion=lambda i: (i, 0, 0, 1)), "v", tmp_path / name, params
        )
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_finished_video_is_not_done_again(scene, params, tmp_path, monkeypatch):
    first = preprocess_video(scene(count=4), "v", tmp_path, params)
    with monkeypatch.context() as patch:
        patch.setattr(preprocess, "align_video", None)
        again = preprocess_video(scene(count=4), "v", tmp_path, params)
    assert np.array_equal(first.matrix, again.matrix)
    replaced = preprocess_video(scene(count=4, zoom=2.2), "v", tmp_path, params, origin="new file")
    assert not np.allclose(first.matrix, replaced.matrix)
    other = params.model_copy(update={"crop_size": 128})
    assert preprocess_video(scene(count=4), "v", tmp_path, other).size == 128


def test_interrupted_video_counts_as_not_done(scene, params, tmp_path):
    class Broken(scene):
        def iterate(self, stride=1):
            yield from list(super().iterate(stride))[:3]
            raise MespotError("v.mp4: frame 3 cannot be decoded")

    with pytest.raises(MespotError, match="frame 3"):
        preprocess_video(Broken(count=6), "v", tmp_path, params)
    assert files(tmp_path) == {}
    assert len(preprocess_video(scene(count=6), "v", tmp_path, params)) == 6


def test_still_picture_and_single_frame(scene, params, tmp_path):
    track = preprocess_video(scene(count=10, noise=0.0), "still", tmp_path, params)
    assert np.abs(track.head).max() < 1e-3
    single = preprocess_video(scene(count=1), "single", tmp_path, params)
    assert len(single) == 1 and single.success.all() and single.head.shape == (1, 4)


def test_unknown_length_and_thinning(scene, params, tmp_path):
    source = scene(count=21, fps=200.0, known_length=False, grey=True)
    track = preprocess_video(source, "v", tmp_path, params)
    assert track.frame.tolist() == [0, 4, 8, 12, 16, 20]
    assert track.frames == 21 and track.grey
    assert CropReader(tmp_path / "v.zip").read(0, grey=True).ndim == 2


def test_too_few_faces_is_one_line(scene, params, tmp_path):
    with pytest.raises(MespotError, match=r"video empty: no face found in 12 frames \(0.4 s\), "):
        preprocess_video(scene(count=12, absent=range(12)), "empty", tmp_path, params)
    strict = params.model_copy(update={"min_face_share": 0.9})
    with pytest.raises(MespotError, match=r"video half: a face was found in \d+% of 20"):
        preprocess_video(scene(count=20, absent=range(8, 20)), "half", tmp_path, strict)
    assert files(tmp_path) == {}


def test_name_with_a_folder_is_refused(scene, params, tmp_path):
    with pytest.raises(MespotError, match="path separator"):
        preprocess_video(scene(count=1), "../v", tmp_path, params)


@pytest.fixture
def dataset(scene, tmp_path):
    """Three short videos as folders of jpgs, and their table."""
    frames = pytest.importorskip("mespot.video.frames")
    assert frames.open_frames
    rows = []
    for number, absent in enumerate((range(0), range(3, 5), range(0))):
        folder = tmp_path / "raw" / f"v{number}"
        folder.mkdir(parents=True)
        source = scene(count=8, motion=lambda i: (i, 0, 0, 1), absent=absent)
        for index, image in source.iterate():
            cv2.imwrite(str(folder / f"img{index + 1}.jpg"), image[..., ::-1])
        rows.append({"subject": "s", "video": f"v{number}", "path": f"v{number}", "fps": 30.0})
    return pd.DataFrame(rows), tmp_path / "raw"


@pytest.mark.slow
def test_dataset(dataset, params, tmp_path):
    videos, root = dataset
    outs = []
    for run, jobs in (("a", 1), ("b", 2)):
        out, work = tmp_path / run, tmp_path / f"work_{run}"
        summary = preprocess_dataset(videos, root, out, work, params, jobs)
        assert summary["video"].tolist() == ["v0", "v1", "v2"]
        assert summary["face_share"].tolist() == [1.0, 0.75, 1.0]
        assert (summary["iod_px"] > 50).all() and (summary["residual"] < 1).all()
        assert list(work.iterdir()) == []
        outs.append(files(out))
    assert outs[0] == outs[1]
    names = {f"v{i}.{kind}" for i in range(3) for kind in ("zip", "npz")}
    assert set(outs[0]) == names | {"faces.csv"}
    write_contact_sheet(tmp_path / "sheet.png", summary, tmp_path / "a")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape[0] > 3 * 144


def test_refused_video_keeps_the_others(dataset, params, tmp_path):
    videos, root = dataset
    for path in (root / "v0").iterdir():
        cv2.imwrite(str(path), np.full((200, 200, 3), 90, np.uint8))
    with pytest.raises(MespotError, match="video v0: no face found in 8 frames"):
        preprocess_dataset(videos, root, tmp_path / "out", tmp_path / "work", params, 1)
    assert {path.stem for path in (tmp_path / "work").glob("*.npz")} == {"v1", "v2"}
    assert not (tmp_path / "out").exists()


def test_unlabelled_sets_go_on_without_refused_videos(dataset, params, tmp_path, caplog):
    videos, root = dataset
    for path in (root / "v0").iterdir():
        cv2.imwrite(str(path), np.full((200, 200, 3), 90, np.uint8))
    where = (tmp_path / "out", tmp_path / "work")
    summary = preprocess_dataset(videos, root, *where, params, 1, leave_out=True)
    assert summary["video"].tolist() == ["v1", "v2"]
    assert not any(name.startswith("v0") for name in files(tmp_path / "out"))
    assert "video v0: no face found in 8 frames" in caplog.text
    with pytest.raises(MespotError, match="video v0: no face found in 8 frames"):
        preprocess_dataset(videos[:1], root, *where, params, 1, leave_out=True)
