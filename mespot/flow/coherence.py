"""How much of a movement is the face as a whole.

A turn, a nod or a slip of the alignment leaves a field in the regions that is smooth over the whole
face, however imperfectly the head was removed; a muscle moves a few of them. Two kinds of smooth
fields are fitted by least squares: what a rigid head and a stretched picture do, and anything of
second order in the place and first in the depth.
"""

from __future__ import annotations

import numpy as np

from mespot.flow.regions import EXPRESSIVE
from mespot.flow.rigid import design

_DEPTHS = {region.name: region.depth for region in EXPRESSIVE}
_LEAST = 1e-4  # IOD; movements below count as none


class Coherence:
    """Tells common from local movement on one face.

    Args:
        names: of R regions.
        centres: (R, 2) IOD, where they lie.
    """

    def __init__(self, names: tuple[str, ...], centres: np.ndarray) -> None:
        # lids blink and look down: they say nothing of a head
        self.used = [i for i, name in enumerate(names) if not name.startswith("lid_upper")]
        places = np.asarray(centres, dtype=np.float64)[self.used]
        depths = np.array([_DEPTHS[names[i]] for i in self.used])
        self._left = {
            "rigid": _left_by(_rigid(places, depths)),
            "bent": _left_by(_bent(places, depths)),
        }

    def describe(self, moved: np.ndarray) -> dict[str, np.ndarray]:
        """Describe n movements.

        Args:
            moved: (n, U * 2) IOD of the regions ``used``, x and y in turn.

        Returns:
            (n,) each: for both kinds of fields ``un<kind>``, root mean square of what the best one
            leaves, IOD per region, and ``un<kind>_share`` of the squared movement; ``regions``,
            how many share the movement (1 when one region moves, U when all move alike).
        """
        total = (moved**2).sum(axis=1)
        found = {}
        for name, left in self._left.items():
            rest = ((moved @ left) ** 2).sum(axis=1)
            found[f"un{name}"] = np.sqrt(rest / len(self.used))
            found[f"un{name}_share"] = rest / np.maximum(total, _LEAST**2)
        each = (moved.reshape(len(moved), len(self.used), 2) ** 2).sum(axis=2)  # (n, U)
        found["regions"] = total**2 / np.maximum((each**2).sum(axis=1), _LEAST**4)
        return found


def _rigid(places: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """Fields (U * 2, 8): shift, roll, scale, yaw, pitch, and the two ways to stretch a picture."""
    head = design(places, depths).reshape(-1, 6)
    x, y = places.T
    wide = np.stack([x, -y], axis=1).ravel()
    askew = np.stack([y, x], axis=1).ravel()
    return np.column_stack([head, wide, askew])


def _bent(places: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """Fields (U * 2, 14): both axes of second order in the place, and of the depth."""
    x, y = places.T
    shapes = np.stack([np.ones_like(x), x, y, depths, x * x, y * y, x * y], axis=1)  # (U, 7)
    return np.kron(shapes, np.eye(2))  # rows: x and y of the regions in turn


def _left_by(fields: np.ndarray) -> np.ndarray:
    """(U * 2, U * 2) that takes off whatever a sum of the fields can do."""
    basis, _ = np.linalg.qr(fields)
    return np.eye(len(basis)) - basis @ basis.T
