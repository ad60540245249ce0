"""Named scoring protocols: what published code counts as a hit, as data.

Each protocol is a few independent choices. All share what is around them: counts per video and
type, TP of a credited pair, FP = predictions - TP, FN = events - TP. Where a source lets one
prediction or one event count several times, FP or FN can fall below 0, as they do there: P, R and
F1 = 2 TP / (events + predictions) remain those of the source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mespot.core.errors import MespotError
from mespot.core.events import TYPES
from mespot.metric.match import MATCHINGS


@dataclass(frozen=True)
class Protocol:
    """One way to score.

    Attributes:
        name: of its source, as in ``PROTOCOLS``.
        changes: what differs from ``megc``, one line.
        source: where the rule comes from, and figures that it reproduces.
        matching: key of ``MATCHINGS``.
        overlap: ``frames``: IoU of inclusive frame sets; ``span``: of ``offset - onset``.
        strict: an IoU of exactly ``min_iou`` is no hit.
        typing: ``label``: only equal types match, the event's by the annotators, the
            prediction's its own; ``length``: any types match, a TP counts for the type by the
            event's length and a prediction for that by its own (MaE above 0.5 s of
            ``offset - onset``), while events are counted by label; ``none``: types are ignored.
        videos: ``all``; ``of_class``: per type only videos that hold an event of it, what is
            predicted elsewhere is not counted; ``spotted``: only videos with an event, of
            subjects with a prediction.
        dummy: a counted video without a prediction costs one FP.
        types: the types that are scored; rows of others are left out.
        missing_offset: events without an offset (0 in the sheet) stay, and nothing can hit them.
    """

    name: str
    changes: str
    source: str
    matching: str = "optimal"
    overlap: str = "frames"
    strict: bool = False
    typing: str = "label"
    videos: str = "all"
    dummy: bool = False
    types: tuple[str, ...] = TYPES
    missing_offset: bool = False

    def describe(self) -> str:
        """Return the choices in one line, for the head of a table."""
        words = {
            "frames": "inclusive frames",
            "span": "IoU of offset - onset",
            "label": "same type needed",
            "length": "types by length",
            "none": "types ignored",
            "all": "all videos",
            "of_class": "videos of the class only",
            "spotted": "videos with events of subjects with predictions",
        }
        parts = [words[self.overlap], f"matching {self.matching}", words[self.typing]]
        parts.append(words[self.videos])
        if self.dummy:
            parts.append("1 FP per video without prediction")
        if len(self.types) == 1:
            parts.append(f"{self.types[0]} only")
        return ", ".join(parts)


_PRESETS = (
    Protocol(
        name="megc",
        changes="the standard: one-to-one maximum matching, IoU >= 0.5, all videos",
        source="MEGC 2020-2022 rules with one TP per event and prediction; MDMD on SAMM-LV "
        "51/1741/451, LGSNet on CAS(ME)^2 type-blind 126/82/231",
    ),
    Protocol(
        name="megc2020",
        changes="every pair of prediction and event with IoU >= 0.5 is a TP",
        source="MEGC 2020 baseline (MDMD); its published counts on CAS(ME)^2 130/6428/227, "
        "F1 .0376, and on SAMM-LV 51/1741/451, F1 .0445",
        matching="every_pair",
    ),
    Protocol(
        name="softnet",
        changes="VOC matching, per type only videos that hold it, 1 FP per video without "
        "prediction",
        source="SOFTNet, MEAN, ME-TST (their copy of a 2-D detection metric)",
        matching="voc",
        videos="of_class",
        dummy=True,
    ),
    Protocol(
        name="boostingvrme",
        changes="as softnet, without the FP for a video without prediction",
        source="BoostingVRME (MEGC 2025)",
        matching="voc",
        videos="of_class",
    ),
    Protocol(
        name="slswin",
        changes="as softnet, IoU above 0.5",
        source="SL-Swin; published overall 82/462/273 on CAS(ME)^2, F1 .1824",
        matching="voc",
        videos="of_class",
        dummy=True,
        strict=True,
    ),
    Protocol(
        name="lgsnet",
        changes="each event takes its best prediction, which may serve several; types play no "
        "part in a hit and follow length in the split",
        source="LGSNet; published on CAS(ME)^2 131 TP (129 long, 2 short) of 208 predictions "
        "and 357 events, F1 .4637",
        matching="gt_loop",
        typing="length",
    ),
    Protocol(
        name="ustc",
        changes="IoU of offset - onset above 0.5; each event takes its best prediction, distinct "
        "predictions count; events without offset stay",
        source="USTC (MEGC 2022) and AUW-GCN",
        matching="distinct",
        overlap="span",
        strict=True,
        missing_offset=True,
    ),
    Protocol(
        name="flowteams",
        changes="IoU of offset - onset; each event takes any prediction, which may serve "
        "several; types follow length",
        source="optical-flow entries of MEGC 2022 and 2023 (shengjianda, qin, CZP); their own "
        "0-based predictions are moved to the truth's numbering before",
        matching="gt_loop",
        overlap="span",
        typing="length",
    ),
    Protocol(
        name="strs",
        changes="micro-expressions only; each event is hit by any prediction; only videos with "
        "events, of subjects with predictions",
        source="spot-then-recognise score of Liong et al. 2023 (doi 10.1016/j.image.2022.116875)",
        matching="gt_loop",
        videos="spotted",
        types=("me",),
    ),
)

PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in _PRESETS}
ALIASES = {
    "mean": "softnet",
    "metst": "softnet",
    "auwgcn": "ustc",
    "mdmd": "megc2020",
    "shengjianda": "flowteams",
    "qin": "flowteams",
    "czp": "flowteams",
}
"""Further names of sources that score by the same rule."""


def find_protocol(name: str) -> Protocol:
    """Return a protocol by name; case, ``-`` and ``_`` do not matter.

    Raises:
        MespotError: there is no such protocol.
    """
    key = name.strip().lower().replace("-", "").replace("_", "")
    key = ALIASES.get(key, key)
    if key not in PROTOCOLS:
        raise MespotError(f"protocol: found {name!r}, expected {', '.join(PROTOCOLS)}")
    return PROTOCOLS[key]


def choose_protocol(
    protocol: str | Protocol,
    matching: str | None = None,
    strict: bool = False,
    typed: bool = True,
) -> Protocol:
    """Return a protocol with some of its choices replaced.

    Args:
        protocol: name, or the protocol itself.
        matching: another matching; None keeps the protocol's.
        strict: ask for an IoU above the threshold, whatever the protocol says.
        typed: False ignores types, whatever the protocol says.

    Raises:
        MespotError: no such protocol or matching.
    """
    chosen = find_protocol(protocol) if isinstance(protocol, str) else protocol
    if matching is not None:
        if matching not in MATCHINGS:
            raise MespotError(f"matching: found {matching!r}, expected {', '.join(MATCHINGS)}")
        chosen = replace(chosen, matching=matching)
    if strict:
        chosen = replace(chosen, strict=True)
    if not typed:
        chosen = replace(chosen, typing="none")
    return chosen
