"""Scoring the slices of a video with classifiers of several granularities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mespot.core.errors import MespotError
from mespot.crops.archive import CropReader
from mespot.crops.clips import ClipSet, open_clips
from mespot.models.classifier import Classifier
from mespot.models.inference import half_weights, predict_all
from mespot.models.weights import device_for_training, load_classifier
from mespot.slices.cut import slice_starts
from mespot.slices.gate import Gate
from mespot.slices.stream import ClipStream


class SliceScorer:
    """Classifiers of all granularities of one fold, ready to score.

    Args:
        folders: one per granularity, each with ``model.json`` and the weights.
        weights: ``fold<k>`` or ``all``.
        batch: slices per forward pass.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 on CUDA, fp32 on a CPU, where results are
            compared byte by byte.
    """

    def __init__(self, folders: Sequence[Path], weights: str, batch: int, precision: str = "auto"):
        self._device = device_for_training()
        self._models: list[Classifier] = []
        self._batch = batch
        descriptions = []
        for folder in folders:
            model, description = load_classifier(folder, weights)
            half = precision == "bf16" or (precision == "auto" and self._device.type == "cuda")
            model = half_weights(model) if half else model
            self._models.append(model.to(self._device))
            descriptions.append((description["input"], model.encoder.config["size"]))
        if len(set(descriptions)) != 1:
            raise MespotError(
                f"{folders[0].parent}: granularities differ in input or size: {descriptions}"
            )
        self.input, self.size = descriptions[0]

    @property
    def grey(self) -> bool:
        """Whether the classifiers read grey crops."""
        return self.input != "rgb"

    def open(self, track: Path, archive: Path, cache: Path | None = None) -> ClipSet:
        """Decode the crops of a video once, at the classifiers' size."""
        return open_clips([(track, archive)], self.size, self.grey, cache)

    def score(
        self,
        clips: ClipSet,
        duration: float,
        length: float,
        step: float,
        gate: Gate | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Score all slices of one length.

        Args:
            clips: the crops of one video.
            duration: length of the video, seconds.
            length: length of a slice, seconds.
            step: distance of slices, fraction of their length.
            gate: leaves out the slices that the flow branch rules out; their scores are 0.

        Returns:
            (n,) start times in seconds and (n, G, 2) float32 probabilities of [me, mae].
        """
        start = slice_starts(duration, length, step)
        scores = np.zeros((len(start), len(self._models), 2), np.float32)
        taken = np.flatnonzero(_taken(start, length, gate))
        for first in range(0, len(taken), self._batch):
            rows = taken[first : first + self._batch]
            video = np.zeros(len(rows), dtype=np.int64)
            batch = clips.clips(video, start[rows], np.full(len(rows), length))
            scores[rows] = predict_all(self._models, batch, self.input)  # (b, G, 2)
        return start, scores

    def score_files(
        self,
        track: Path,
        archive: Path,
        duration: float,
        lengths: Sequence[float],
        step: float,
        gate: Gate | None = None,
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Score the slices of several lengths of one video, in little memory.

        Args:
            track: FaceTrack of the video.
            archive: its crops (zip) or motion (npy), whatever the classifiers see.
            duration: length of the video, seconds.
            lengths: lengths of slices, seconds.
            step: distance of slices, fraction of their length.
            gate: see ``score``.

        Returns:
            per length what ``score`` returns.
        """
        if self.input == "motion":
            clips = self.open(track, archive)  # a memory map
            return [self.score(clips, duration, length, step, gate) for length in lengths]
        stream = ClipStream(track, archive, self.size, self.grey)
        return self.score_lengths(stream, duration, lengths, step, gate)

    def score_crops(
        self,
        times: np.ndarray,
        seen: CropReader | np.ndarray,
        duration: float,
        lengths: Sequence[float],
        step: float,
        gate: Gate | None = None,
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Do the same as ``score_files`` for crops or motion that are at hand.

        Args:
            times: (N,) seconds of the crops, ascending.
            seen: the crops, or the motion (N, S, S, 2) int16 in them, whatever the classifiers see.
            duration: see ``score_files``.
            lengths: see ``score_files``.
            step: see ``score_files``.
            gate: see ``score``.
        """
        if self.input == "motion":
            clips = ClipSet(seen, [times])
            return [self.score(clips, duration, length, step, gate) for length in lengths]
        stream = ClipStream.over(times, seen, self.size, self.grey)
        return self.score_lengths(stream, duration, lengths, step, gate)

    def score_lengths(
        self,
        stream: ClipStream,
        duration: float,
        lengths: Sequence[float],
        step: float,
        gate: Gate | None = None,
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Score the slices of several lengths in one pass over a video.

        Batches of all lengths follow each other by their ends, so that the stream holds the crops
        of about one batch of the longest slices, however long the video is.

        Args:
            stream: one video, from its beginning.
            duration: length of the video, seconds.
            lengths: lengths of slices, seconds.
            step: distance of slices, fraction of their length.
            gate: leaves out the slices that the flow branch rules out; their scores are 0.

        Returns:
            per length what ``score`` returns.
        """
        every = [slice_starts(duration, length, step) for length in lengths]
        taken = [_taken(start, length, gate) for start, length in zip(every, lengths, strict=True)]
        starts = [start[one] for start, one in zip(every, taken, strict=True)]
        scores = [np.empty((len(start), len(self._models), 2), np.float32) for start in starts]
        batches = sorted(
            (start[first : first + self._batch][-1] + length, row, first)
            for row, (start, length) in enumerate(zip(starts, lengths, strict=True))
            for first in range(0, len(start), self._batch)
        )
        following = [
            min(start, default=np.inf) for start in starts
        ]  # where the next batch of each length begins
        for _, row, first in batches:
            last = first + self._batch
            following[row] = starts[row][last] if last < len(starts[row]) else np.inf
            clips = stream.clips(starts[row][first:last], lengths[row], min(following))
            scores[row][first:last] = predict_all(self._models, clips, self.input)
        results = []
        for start, one, known in zip(every, taken, scores, strict=True):
            whole = np.zeros((len(start), len(self._models), 2), np.float32)
            whole[one] = known
            results.append((start, whole))
        return results


def _taken(start: np.ndarray, length: float, gate: Gate | None) -> np.ndarray:
    """(n,) bool, the slices that are scored."""
    return np.ones(len(start), dtype=bool) if gate is None else gate.open(start, length)


def score_video(
    folders: Sequence[Path],
    weights: str,
    batch: int,
    track: Path,
    archive: Path,
    duration: float,
    length: float,
    step: float,
    gate: Gate | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Score all slices of one length of one video, on one core where there is no GPU.

    Args:
        folders: one per granularity, each with ``model.json`` and the weights.
        weights: ``fold<k>`` or ``all``.
        batch: slices per forward pass.
        track: FaceTrack of the video.
        archive: its crops (zip) or motion (npy).
        duration: length of the video, seconds.
        length: length of a slice, seconds.
        step: distance of slices, fraction of their length.
        gate: see ``SliceScorer.score``.

    Returns:
        see ``SliceScorer.score``.
    """
    if not torch.cuda.is_available():
        torch.set_num_threads(1)
    scorer = SliceScorer(folders, weights, batch)
    return scorer.score_files(track, archive, duration, [length], step, gate)[0]
