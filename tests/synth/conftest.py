from __future__ import annotations

import pytest

from mespot.params.synth import SynthParams, SynthSet


@pytest.fixture(scope="session")
def tiny() -> SynthParams:
    """Two persons with short videos per data set."""
    return SynthParams(
        difficulty="hard",
        frame_size=96,
        jpg_quality=90,
        samm_lv=SynthSet(subjects=2, videos=1, seconds=2.0),
        casme3=SynthSet(subjects=2, videos=2, seconds=3.0),
    )
