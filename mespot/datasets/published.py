"""What the owners of a data set say it holds, to be compared with what lies on disk."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Published:
    """Published counts of a data set; ``None`` where no source gives the figure.

    Attributes:
        source: where the figures stand.
        subjects: persons.
        videos: long videos.
        frames: frames of all videos together.
        me: annotated micro-expressions.
        mae: annotated macro-expressions.
        names: videos that must be there, as ``RawVideo.video`` names them; empty where no list is
            public.
    """

    source: str
    subjects: int | None = None
    videos: int | None = None
    frames: int | None = None
    me: int | None = None
    mae: int | None = None
    names: tuple[str, ...] = field(default=())
