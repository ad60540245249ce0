"""Processor time of a training clip in a loader process, beside the usual path through Pillow.

Writes a moving portrait as folders of jpg and as mp4, then makes training clips with the recipe
``dfew`` (16 frames, 160 px, RandAugment, random crop, flip). The baseline does the same per frame:
Pillow opens, resizes and augments (timm's RandAugment), torchvision turns it into a normalised
tensor, crops and flips; mp4 frames come from OpenCV. One thread everywhere; milliseconds of
processor time per clip, means over all clips. ``new`` is the first reading of a file, nothing known
of it yet; ``decord`` opens each file and takes the same frames, without augmentation.

    python benchmarks/clips.py --clips 60
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import av  # noqa: E402
import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from skimage import data  # noqa: E402
from timm.data.auto_augment import rand_augment_transform  # noqa: E402
from torchvision.transforms import functional  # noqa: E402

from mespot.classification.clip_frames import training_frames  # noqa: E402
from mespot.classification.clip_source import ClipSource  # noqa: E402
from mespot.classification.task import Classification  # noqa: E402
from mespot.models.classifier import Classifier  # noqa: E402
from mespot.models.lgi_former import LGIFormer  # noqa: E402
from mespot.params import load_params  # noqa: E402
from mespot.tables.clip_list import Clip, ClipList  # noqa: E402
from mespot.training.augmentation.clip_change import change_clip, draw_change  # noqa: E402
from mespot.training.augmentation.crops import resized_box  # noqa: E402
from mespot.training.engine.distributed import alone  # noqa: E402
from mespot.training.sampling.frame_sampling import ClipRule  # noqa: E402
from mespot.video.clip_reader import ClipReader  # noqa: E402

SIZE, FRAMES, RULE = 160, 70, ClipRule()
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def portrait(side: int, number: int, count: int) -> list[np.ndarray]:
    """Frames of a face that moves, (side, side, 3) RGB."""
    face = data.astronaut()[0:220, 120:340]
    face = cv2.resize(face, (side + 30, side + 30), interpolation=cv2.INTER_CUBIC)
    places = [(int(15 + 14 * np.sin((t + number) / 9)), t * 25 // count) for t in range(count)]
    return [np.ascontiguousarray(face[y : y + side, x : x + side]) for y, x in places]


def write(path: Path, side: int, number: int, kind: str, count: int = FRAMES) -> Clip:
    """Write a clip as a folder of jpg or as mp4."""
    frames = portrait(side, number, count)
    if kind == "folder":
        path.mkdir()
        for index, frame in enumerate(frames):
            name = str(path / f"{index + 1:05d}.jpg")
            cv2.imwrite(name, frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    else:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width = stream.height = side
            stream.pix_fmt = "yuv420p"
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode())
    return Clip(path, number % 2, kind, number + 1)


class Timer:
    """Sums processor time by part."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}

    def __call__(self, part: str, call: Callable):  # noqa: ANN204
        """Return what ``call`` returns and note its time under ``part``."""
        start = time.process_time()
        result = call()
        self.parts[part] = self.parts.get(part, 0.0) + time.process_time() - start
        return result


def ours(clips: list[Clip], count: int, params) -> tuple[float, dict[str, float]]:  # noqa: ANN001
    """Time of whole micro-batches as a loader process makes them, and of their parts."""
    listed = ClipList(Path("list"), Path("."), "train", tuple(clips), 2, ())
    encoder = LGIFormer(16, SIZE, 16, 1, 2, [2, 5, 10])  # for its geometry alone
    task = Classification(Classifier(encoder, 2), listed, params, "rgb", 0, 10**6, alone())
    task.make(0, np.arange(len(clips)))  # first epoch: headers and listings are learnt
    timer = Timer()
    batch = 10
    for step in range(1, 1 + count // batch):
        timer("all", lambda step=step: task.make(step, np.arange(batch)))
    source, rng = ClipSource(0.0), np.random.default_rng(0)
    for clip in clips:
        timer(
            "new",
            lambda clip=clip: source.read(
                clip, lambda frames: training_frames(frames, RULE, "published", rng)
            ),
        )
    fresh = timer.parts.pop("new") / len(clips)
    crops = np.empty((batch, 16, SIZE, SIZE, 3), np.uint8)
    for number in range(count):
        clip = clips[number % len(clips)]
        pixels = timer(
            "decode",
            lambda clip=clip: source.read(
                clip, lambda frames: training_frames(frames, RULE, "published", rng)
            ),
        )
        change = draw_change(SIZE, params, True, params.flip, rng)
        changed = timer("augment", lambda p=pixels, c=change: change_clip(p, SIZE, c))

        def collate(slot: int = number % batch, changed: np.ndarray = changed) -> None:
            crops[slot] = changed

        timer("collate", collate)
    whole = timer.parts.pop("all") / (count // batch * batch)
    return whole, {"new": fresh, **{part: value / count for part, value in timer.parts.items()}}


def with_decord(clips: list[Clip], count: int) -> float:
    """Time of opening and reading by decord; NaN for folders."""
    if clips[0].kind == "folder":
        return float("nan")
    rng = np.random.default_rng(0)
    start = time.process_time()
    for number in range(count):
        with ClipReader(clips[number % len(clips)].path, "file", decoder="decord") as reader:
            reader.read(training_frames(reader.frames, RULE, "published", rng))
    return (time.process_time() - start) / count


def naive(clips: list[Clip], count: int, params) -> float:  # noqa: ANN001
    """Time of the path through Pillow, per frame."""
    augment = rand_augment_transform("rand-m7-n4-mstd0.5-inc1", {"img_mean": (128, 128, 128)})
    rng = np.random.default_rng(0)
    start = time.process_time()
    for number in range(count):
        clip = clips[number % len(clips)]
        indices = training_frames(FRAMES, RULE, "published", rng)
        if clip.kind == "folder":
            names = sorted(clip.path.iterdir())
            pictures = [Image.open(names[index]).convert("RGB") for index in indices]
        else:
            video = cv2.VideoCapture(str(clip.path))
            video.set(cv2.CAP_PROP_POS_FRAMES, int(indices[0]))
            wanted, pictures = set(indices.tolist()), []
            for index in range(int(indices[0]), int(indices[-1]) + 1):
                video.grab()
                if index in wanted:
                    frame = cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB)
                    pictures.append(Image.fromarray(frame))
        pictures = [
            augment(picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR)) for picture in pictures
        ]
        tensors = [
            functional.normalize(functional.to_tensor(picture), MEAN, STD) for picture in pictures
        ]
        video = torch.stack(tensors)  # (T, 3, S, S)
        box = resized_box(SIZE, params.crop_area, params.crop_ratio, rng)
        video = video[..., box.top : box.top + box.height, box.left : box.left + box.width]
        video = torch.nn.functional.interpolate(video, (SIZE, SIZE), mode="bilinear")
        if rng.random() < 0.5:
            video = video.flip(-1)
        video.permute(1, 0, 2, 3).contiguous()
    return (time.process_time() - start) / count


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=60, help="clips per measurement")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    params = load_params().classify["dfew"]
    params = params.model_copy(update={"batch": 10})
    titles = (
        "ms per clip", "new", "decode", "augment", "collate", "all", "decord", "Pillow", "ratio",
    )  # fmt: skip
    print(f"{titles[0]:22s}" + "".join(f"{title:>9s}" for title in titles[1:]))
    with tempfile.TemporaryDirectory() as scratch:
        for kind, side in (("folder", 160), ("folder", 224), ("file", 160), ("file", 224)):
            suffix = "" if kind == "folder" else ".mp4"
            clips = [
                write(Path(scratch) / f"{kind}{side}_{number}{suffix}", side, number, kind)
                for number in range(10)
            ]
            whole, parts = ours(clips, arguments.clips, params)
            slow = naive(clips, arguments.clips, params)
            decord = with_decord(clips, arguments.clips)
            values = [*parts.values(), whole, decord, slow]
            row = "".join(f"{1000 * value:9.2f}" for value in values)
            name = f"{'jpg folder' if kind == 'folder' else 'mp4'}, {side} px"
            print(f"{name:22s}{row}{slow / whole:9.2f}")


if __name__ == "__main__":
    main()
