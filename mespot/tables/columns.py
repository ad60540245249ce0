"""Columns of the index's tables: ``videos.csv``, ``events.csv`` and ``dropped.csv``."""

from __future__ import annotations

VIDEO_COLUMNS = (
    "subject", "video", "path", "kind", "fps", "frames", "first", "gaps", "grey",
    "fingerprint",
)  # fmt: skip
EVENT_COLUMNS = (
    "subject", "video", "onset", "apex", "offset", "type",
    "official_onset", "official_apex", "official_offset", "source", "row", "rule",
)  # fmt: skip
DROPPED_COLUMNS = (
    "source", "row", "video", "official_onset", "official_offset", "type", "reason",
)  # fmt: skip
