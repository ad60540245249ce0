"""Picture of what a masked auto-encoder sees, reconstructs and should have reconstructed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from mespot.core.files import atomic_path
from mespot.models.mae import MaskedAutoEncoder
from mespot.models.targets import masked_targets


def save_reconstruction(
    path: Path,
    model: MaskedAutoEncoder,
    video: torch.Tensor,
    target: torch.Tensor,
    visible: torch.Tensor,
    masked: torch.Tensor,
) -> None:
    """Draw one row per clip: masked input, appearance and motion, each target and reconstruction.

    The middle tubelet of every clip is shown, its first channel, in the normalised values of the
    targets; visible cubes are blank in targets and reconstructions.

    Args:
        path: PNG to write.
        model: the auto-encoder.
        video: (B, 3, T, H, W) input.
        target: (B, 3, T, H, W) video that targets are made of.
        visible: (B, V) raster indices.
        masked: (B, M) raster indices.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with torch.inference_mode():
        found = model(video, visible, masked).float()
        wanted = masked_targets(target, masked, model.patch, model.target_eps)
    _, rows, columns = model.encoder.grid
    tokens = model.encoder.num_tokens
    middle = model.encoder.grid[0] // 2 * rows * columns
    titles = ("masked input", "appearance", "reconstructed", "motion", "reconstructed")
    figure = Figure(figsize=(10, 2 * len(video) + 0.3), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(video), len(titles), squeeze=False)
    for clip, line in enumerate(axes):
        seen = np.ones(tokens, dtype=bool)
        seen[masked[clip].cpu().numpy()] = False
        holes = np.kron(
            seen[middle : middle + rows * columns].reshape(rows, columns),
            np.ones((model.patch, model.patch)),
        )
        frame = target[clip, 0, target.shape[2] // 2].cpu().numpy()
        contrast = float(wanted[clip].abs().quantile(0.99)) + 1e-6
        pictures = [np.where(holes > 0, frame, np.nan)]
        for part in (0, 1):
            for source in (wanted, found):
                pictures.append(
                    _assemble(source[clip], masked[clip], part, middle, (rows, columns, tokens))
                )
        for axis, picture, title in zip(line, pictures, titles, strict=True):
            low, high = (0, 1) if title == "masked input" else (-contrast, contrast)
            axis.imshow(picture, cmap="gray", vmin=low, vmax=high)
            axis.set_axis_off()
            if clip == 0:
                axis.set_title(title, fontsize=9)
    with atomic_path(path) as temporary:
        # without this, the version of matplotlib would be part of the bytes
        figure.savefig(temporary, dpi=80, metadata={"Software": None})


def _assemble(
    values: torch.Tensor,
    masked: torch.Tensor,
    part: int,
    middle: int,
    geometry: tuple[int, int, int],
) -> np.ndarray:
    """Put the cubes of one tubelet together, (rows * patch, columns * patch), NaN = visible."""
    rows, columns, tokens = geometry
    patch = int((values.shape[-1] // 6) ** 0.5)
    cubes = values.view(len(values), 2, patch, patch, 3)[:, part, :, :, 0].cpu().numpy()
    full = np.full((tokens, patch, patch), np.nan, dtype=np.float32)
    full[masked.cpu().numpy()] = cubes
    shown = full[middle : middle + rows * columns].reshape(rows, columns, patch, patch)
    return shown.transpose(0, 2, 1, 3).reshape(rows * patch, columns * patch)
