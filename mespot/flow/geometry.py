"""What the neutral face looks like: by its landmarks, corrected by how far it was from neutral."""

from __future__ import annotations

import numpy as np

from mespot.crops.track import FaceTrack

_INNER_LIPS = ((61, 62, 63), (65, 66, 67))
_CORNERS = (48, 54)
_MIDDLE = (51, 57)
_BROWS = (18, 19, 20, 23, 24, 25)
_EYES = slice(36, 48)


def face_geometry(track: FaceTrack, displacement: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Measure the neutral face.

    The landmarks of each key frame show the face as it was then; what flow measured there is taken
    off, and the median over the key frames left.

    Args:
        track: of the video.
        displacement: (N, R, 2) IOD from neutral.
        names: of the regions.

    Returns:
        (4,) IOD: how far the lips are apart, half the width of the mouth, the corners above the
        middle of the lips, the brows above the eyes.
    """
    keys = track.keys()
    points = np.stack(list(keys.values())).astype(np.float64)  # (K, 68, 2)
    points = (points - points[:, _EYES].mean(axis=1, keepdims=True)) / track.iod
    moved = np.asarray(displacement)[list(keys)]  # (K, R, 2)

    def height(*regions: str) -> np.ndarray:
        return moved[:, [names.index(region) for region in regions], 1].mean(axis=1)

    lower, upper = height("lower_lip"), height("upper_lip_r", "upper_lip_l")
    corners = height("lip_corner_r", "lip_corner_l")
    wide = moved[:, names.index("lip_corner_l"), 0] - moved[:, names.index("lip_corner_r"), 0]
    brows = height(*(f"brow_{part}_{side}" for part in ("inner", "mid", "outer") for side in "rl"))
    above, below = (points[:, list(part), 1].mean(axis=1) for part in _INNER_LIPS)
    right, left = (points[:, corner] for corner in _CORNERS)
    middle = points[:, list(_MIDDLE), 1].mean(axis=1)
    measured = np.stack(
        [
            below - above - (lower - upper),
            0.5 * (left[:, 0] - right[:, 0] - wide),
            middle - 0.5 * (left[:, 1] + right[:, 1]) - (0.5 * (lower + upper) - corners),
            -points[:, list(_BROWS), 1].mean(axis=1) + brows,
        ],
        axis=1,
    )  # (K, 4)
    return np.median(measured, axis=0)
