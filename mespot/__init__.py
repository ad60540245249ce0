"""mespot: spotting of micro- and macro-expressions in long face videos."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["analyse"]


def analyse(video: Any, **more: Any) -> Any:
    """Find micro- and macro-expressions in one video, see ``mespot.spotting.api.analyse``."""
    from mespot.spotting.api import analyse as run

    return run(video, **more)
