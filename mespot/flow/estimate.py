"""Dense optical flow from a neutral reference crop to a later crop.

Flow runs once per frame on the whole face, always from the reference to the frame, so that it is a
displacement and small motions do not have to be summed up. Farneback's settings differ from the
MEGC teams' (window 15, polynomial 7/1.5). On known shifts of 0.1 to 2 px (`benchmarks/flow_shift.py
--persons 2`) they keep 92-100 % of the motion of a region, more than the teams' (88-93 %) and far
more than DIS medium (73-84 %), fast and ultrafast (48-57 %), most of which shrink larger motion
more; DIS down to the finest scale keeps 88-93 % at more than three times the cost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import cv2
import numpy as np

Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]


def make_flow(method: str) -> Flow:
    """Make a dense flow estimator.

    Args:
        method: ``farneback`` (Farneback 2003, near-constant gain) or ``dis`` (Kroeger et al. 2016,
            preset medium; more shrinkage, less sensitive to light).

    Returns:
        function of two uint8 (H, W) grey images, reference and frame, that gives float32
        (H, W, 2): where each reference pixel went, px, x right and y down. Several threads may
        call it at once.
    """
    if method == "farneback":
        return _farneback
    own = threading.local()  # OpenCV's object keeps its pyramids in itself

    def dis(reference: np.ndarray, frame: np.ndarray) -> np.ndarray:
        if not hasattr(own, "search"):
            own.search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        return own.search.calc(reference, frame, None)

    return dis


def _farneback(reference: np.ndarray, frame: np.ndarray) -> np.ndarray:
    return cv2.calcOpticalFlowFarneback(
        reference,
        frame,
        None,
        pyr_scale=0.5,
        levels=3,
        winsize=11,
        iterations=2,
        poly_n=5,
        poly_sigma=1.1,
        flags=0,
    )
