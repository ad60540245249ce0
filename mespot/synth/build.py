"""Writing the embedded data sets, video by video, resumable and independent of ``jobs``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import simplejpeg

from mespot.core.files import read_json, write_csv, write_json
from mespot.core.fingerprint import hash_path
from mespot.core.parallel import map_videos
from mespot.synth import casme3, samm_lv
from mespot.synth.layout import Layout, VideoPlan
from mespot.synth.render import Renderer

if TYPE_CHECKING:
    from mespot.params.synth import SynthParams

LAYOUTS: dict[str, Layout] = {"casme3": casme3.LAYOUT, "samm_lv": samm_lv.LAYOUT}
_MARKS = ".finished"


def embedded_root(params: SynthParams, seed: int, data_root: str | Path) -> Path:
    """Return the folder of the embedded data that these settings and this code give.

    Args:
        params: section ``synth``.
        seed: of everything drawn.
        data_root: folder that holds all embedded data.
    """
    code = hash_path(Path(__file__).parent)
    settings = {"synth": params.model_dump(mode="json"), "seed": seed, "code": code}
    text = json.dumps(settings, sort_keys=True)
    return Path(data_root) / hashlib.sha256(text.encode()).hexdigest()[:12]


def build_synth(
    params: SynthParams, seed: int, jobs: int, data_root: str | Path, manifest: str | Path
) -> Path:
    """Render every embedded data set in its official layout.

    A finished video is not rendered again; the bytes do not depend on ``jobs``.

    Args:
        params: section ``synth``.
        seed: of everything drawn.
        jobs: processes; 0 = all cores.
        data_root: folder that holds all embedded data.
        manifest: CSV to write: ``dataset, video, path, frames, md5``, paths relative to the
            returned folder; sheets are rows without video and frames.

    Returns:
        Folder with one folder per data set.
    """
    root = embedded_root(params, seed, data_root)
    rows, tasks, keys = [], [], []
    for dataset, layout in LAYOUTS.items():
        plans = layout.plan(getattr(params, dataset), params.difficulty, seed)
        for path in layout.write_sheets(plans, root / dataset):
            digest = hashlib.md5(path.read_bytes()).hexdigest()
            rows.append((dataset, "", path.relative_to(root).as_posix(), 0, digest))
        for plan in plans:
            keys.append((dataset, plan.video, f"{dataset}/{plan.folder}"))
            mark = root / _MARKS / dataset / f"{plan.video}.json"
            tasks.append((plan, params.frame_size, params.jpg_quality, root / dataset, mark))
    for key, result in zip(keys, map_videos(write_video, tasks, jobs, "synth"), strict=True):
        rows.append((*key, result["frames"], result["md5"]))
    table = pd.DataFrame(rows, columns=["dataset", "video", "path", "frames", "md5"])
    write_csv(manifest, table.sort_values(["dataset", "video", "path"], ignore_index=True))
    return root


def write_video(plan: VideoPlan, size: int, quality: int, root: Path, mark: Path) -> dict:
    """Render one video unless ``mark`` says that it is complete.

    Args:
        plan: the video.
        size: width and height of a frame, pixels.
        quality: of the jpg files.
        root: folder of the data set.
        mark: file that is written last.

    Returns:
        ``frames`` and ``md5`` over the bytes of all frames in order.
    """
    folder = root / plan.folder
    if mark.exists():
        result = read_json(mark)
        if folder.is_dir() and sum(1 for _ in folder.iterdir()) == result["frames"]:
            return result
    folder.mkdir(parents=True, exist_ok=True)
    renderer = Renderer(plan.identity, plan.script, size, plan.grey, plan.noise_seed)
    digest = hashlib.md5()
    for index, (name, number) in enumerate(zip(plan.names, plan.numbers, strict=True)):
        frame = renderer.frame((number - plan.numbers[0]) / plan.fps, index)
        content = simplejpeg.encode_jpeg(
            frame[..., None] if plan.grey else frame,
            quality=quality,
            colorspace="GRAY" if plan.grey else "RGB",
            colorsubsampling="Gray" if plan.grey else "420",
        )
        (folder / name).write_bytes(content)
        digest.update(content)
    result = {"frames": len(plan.names), "md5": digest.hexdigest()}
    write_json(mark, result)
    return result
