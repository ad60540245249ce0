"""Whether the face of a video is of use; what is not is refused with the reason and what to do.

Measured with ``mespot.synth`` (planar, 4 persons of 30 s, shrunk, noise of 1.5 grey levels, H.264):
F1 of the flow branch is .86 at 68 px between the eyes, .65 at 32, .54 at 16, .30 at 12 (more false
alarms than hits), and nothing is found at 8. At 68 px and .3 of the contrast it is .74, at .1 it is
.21.
"""

from __future__ import annotations

import logging

import numpy as np

from mespot.core.errors import MespotError
from mespot.faces.further_searches import LARGEST_ROLL, LEAST_FACE

LEAST_IOD = 12.0
"""px between the eyes in the frame: below, more is made up than found, see the module text."""

FEW_IOD = 24.0
"""px between the eyes in the frame: below, half of the movements are missed."""

FEW_CONTRAST = 8.0
"""Standard deviation of grey levels in the middle of the face: below, most movements are missed."""

_DARK, _WHITE = 25, 230  # mean grey levels of a picture that explain why there is no face
_PLAIN = 6  # standard deviation of one that shows next to nothing

log = logging.getLogger(__name__)


class Light:
    """Light of some frames with a face, and of all without, which may be why there is none."""

    def __init__(self) -> None:
        self._means: list[float] = []
        self._contrasts: list[float] = []
        self._faces: list[float] = []

    def add(self, pixels: np.ndarray, success: bool) -> None:
        """Take note of a crop, uint8 (S, S[, 3]), that shows a face or where one would be."""
        if success:
            middle = slice(len(pixels) // 4, -len(pixels) // 4)
            self._faces.append(float(pixels[middle, middle].std()))
        else:
            self._means.append(float(pixels.mean()))
            self._contrasts.append(float(pixels.std()))

    def face(self) -> float:
        """Return the contrast of the face, standard deviation of grey levels."""
        return float(np.median(self._faces)) if self._faces else np.inf

    def reason(self) -> str:
        """Return what to do about it, in words."""
        mean, contrast = (float(np.median(v)) for v in (self._means, self._contrasts))
        if mean < _DARK:
            return f"the picture is dark (mean grey level {mean:.0f} of 255), light the face"
        if mean > _WHITE:
            return f"the picture is overexposed (mean grey level {mean:.0f} of 255), dim the light"
        if contrast < _PLAIN:
            return f"the picture has no contrast (SD {contrast:.1f} of 255 grey levels)"
        return "expected both eyes and the nose of a face turned to the camera"


def check_usable(
    video_id: str, found: np.ndarray, fps: float, iod: float, least_share: float, light: Light
) -> None:
    """Refuse a video whose face is missing, too seldom there or too small.

    Args:
        video_id: name in messages.
        found: (N,) bool, whether a crop's frame shows the face.
        fps: crops per second.
        iod: inter-ocular distance in the frame, px, median; NaN without a face.
        least_share: of the crops that must show a face.
        light: of its frames.

    Raises:
        MespotError: saying why, and what to do.
    """
    count = len(found)
    share = float(found.mean()) if count else 0.0
    if share == 0:
        raise MespotError(
            f"video {video_id}: no face found in {count} frames ({count / fps:.1f} s), looked for "
            f"upright, rolled by up to {LARGEST_ROLL} degrees, cut by the frame and down to "
            f"{LEAST_FACE} px of width: {light.reason()}"
        )
    if share < least_share:
        first, last = _longest(found)
        raise MespotError(
            f"video {video_id}: a face was found in {share:.0%} of {count} frames, "
            f"expected at least {least_share:.0%} (preprocess.min_face_share): cut the video to "
            f"where the face is (longest: {first / fps:.1f} to {(last + 1) / fps:.1f} s), or "
            "lower it"
        )
    if iod < LEAST_IOD:
        raise MespotError(
            f"video {video_id}: the face has {iod:.1f} px between the eyes, expected at least "
            f"{LEAST_IOD:.0f}: record it closer, or larger"
        )
    if iod < FEW_IOD:
        log.warning(
            "%s: %.0f px between the eyes: about half of the movements will be missed",
            video_id, iod,
        )  # fmt: skip
    if light.face() < FEW_CONTRAST:
        log.warning(
            "%s: the face has little contrast (SD %.1f of 255 grey levels): most movements will be "
            "missed, light it", video_id, light.face(),
        )  # fmt: skip


def _longest(found: np.ndarray) -> tuple[int, int]:
    """Return first and last index of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], found.astype(int), [0]])))
    starts, ends = edges[::2], edges[1::2]
    at = int(np.argmax(ends - starts))
    return int(starts[at]), int(ends[at] - 1)
