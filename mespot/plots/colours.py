"""Names and colours of types and branches, the same in pictures, pages and videos.

Readers with any kind of colour vision can tell them apart: they differ in lightness too.
"""

TYPE_NAMES = {"me": "micro", "mae": "macro", "overall": "overall"}
TYPE_COLOURS = {"me": "#d1495b", "mae": "#2a6f97", "overall": "#555555"}
BRANCH_COLOURS = {"model": "#8a6fb0", "flow": "#3a9188", "fused": "#1f2933"}
