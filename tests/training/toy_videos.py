"""Toy lists of small videos, for the tests and for the processes that they start."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

STEP = 4  # grey levels from one frame to the next


def make_list(folder: Path, count: int = 6, side: int = 80) -> Path:
    """Write ``count`` videos of 40 frames that brighten over a texture; returns their list."""
    folder.mkdir(parents=True, exist_ok=True)
    for row in range(count):
        texture = np.random.default_rng(row).integers(0, 40, (side // 8, side // 8, 3))
        texture = np.kron(texture, np.ones((8, 8, 1), int))
        with av.open(str(folder / f"{row}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=25, options={"crf": "5"})
            stream.width = stream.height = side
            stream.pix_fmt = "yuv444p"
            for index in range(40):
                frame = (texture + 20 + STEP * index).astype(np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode())
    path = folder / "list.txt"
    path.write_text("".join(f"{row}.mp4 0\n" for row in range(count)))
    return path
