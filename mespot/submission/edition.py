"""What is known of the videos of the challenges before anybody looks at a disk."""

from __future__ import annotations

from collections.abc import Collection

from mespot.core.errors import MespotError
from mespot.datasets.megc import PUBLISHED_2022, PUBLISHED_2023

# the newest first: the SAMM names of 2022 are among those of 2023
EDITIONS = {"megc2023": "MEGC 2023 to 2025", "megc2022": "MEGC 2022"}
_NAMES = {"megc2023": PUBLISHED_2023.names, "megc2022": PUBLISHED_2022.names}
HEADER_OF = {"megc2023": 2023, "megc2022": 2022}
# Frames per video as entries to the challenges list them. The two public tables of the SAMM part
# differ by one frame per video; these are the larger figures. Nobody lists the CAS part of 2023.
_SAMM = {
    "001_2": 14451, "001_3": 15723, "002_1": 15371, "002_4": 5317, "003_1": 15602,
    "003_7": 7066, "004_3": 5387, "004_6": 11870, "005_2": 15390, "005_7": 7001,
}  # fmt: skip
_CAS_2022 = {"sub01": 1992, "sub02": 3301, "sub03": 1558, "sub04": 3425, "sub05": 2846}
LENGTHS = {
    edition: {name: count for name, count in {**_SAMM, **_CAS_2022}.items() if name in names}
    for edition, names in _NAMES.items()
}


def names_of(edition: str) -> tuple[str, ...]:
    """Names of the test videos of an edition.

    Raises:
        MespotError: no edition of that name.
    """
    if edition not in EDITIONS:
        raise MespotError(
            f"edition {edition!r} is unknown, expected one of {', '.join(sorted(EDITIONS))}"
        )
    return _NAMES[edition]


def guess_edition(vids: Collection[str], header: int | None) -> str | None:
    """Tell the edition whose videos a file names.

    Args:
        vids: names in the file.
        header: 2022 or 2023, which decides where both editions have as many of the names.

    Returns:
        the edition that has most of the names; ``None`` where none has any.
    """
    hits = {edition: len(set(names_of(edition)) & set(vids)) for edition in EDITIONS}
    best = max(hits.values())
    if best == 0:
        return None
    tied = [edition for edition, count in hits.items() if count == best]
    fitting = [edition for edition in tied if HEADER_OF[edition] == header]
    return (fitting or tied)[0]
