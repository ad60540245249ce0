"""What tells an expression from whatever else a face does: numbers about stretches of time.

Every proposal (``mespot.flow.proposals``) is described by its own channel (how far it rises from
both sides, how fast, how well it holds), by all channels inside against before and after, by how
far the face is from its rest then, by what goes on around it (speech, blinks, head) and by how good
the recording is. Lengths are in IOD, times in s, so that nothing depends on frame rate or size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mespot.core.errors import MespotError
from mespot.flow.bumps import Bumps
from mespot.flow.channels import NAMES, SMOOTHING, Channels
from mespot.flow.coherence import Coherence
from mespot.flow.evidence import Evidence
from mespot.flow.filters import BoxMeans, smooth
from mespot.flow.proposals import LONGEST, Proposals
from mespot.flow.ranges import RangeMax, RangeMean
from mespot.flow.signals import FlowSignals
from mespot.flow.states import NAMES as STATES

_MOVES = (
    "brow", "inner", "pinch", "corner_out", "corner_up", "lips", "upper_lip", "chin", "cheek",
    "wing", "lid", "lower_lid",
)  # fmt: skip
_HALVES = {
    "upper": ("brow_outer", "brow_mid", "brow_inner", "glabella"),
    "lower": ("nose_wing", "upper_lip", "lip_corner", "lower_lip", "chin"),
}
_SYLLABLES = {"lips": "lips", "jaw": "chin", "corners": "corner_out"}
_POSE = ("x", "y", "roll", "scale", "yaw", "pitch")
_GEOMETRY = ("lips", "corner_out", "corner_up", "brow")
_AWAY = ("away_upper", "away_lower", "away_any")
_FAR = 0.05  # IOD; what is farther from its usual place is an expression as a rule
_AROUND = 0.8  # s before and after that count as around
_ENDS = 0.15  # s at both ends that count as onset and offset at least


class StretchFeatures:
    """Prepares one video; then describes any number of stretches.

    Args:
        signals: of the video.
        channels: of the video.
        evidence: of the video.
        bumps: of the video.
    """

    def __init__(
        self, signals: FlowSignals, channels: Channels, evidence: Evidence, bumps: Bumps
    ) -> None:
        self._signals, self._channels, self._bumps = signals, channels, bumps
        self._step = step = signals.step
        self._count = len(signals.time)
        values = channels.values
        self._values = values
        self._means = RangeMean(values)
        # tables of maxima are what takes memory in a long video
        longest = round(1.1 * LONGEST / step) + 8
        coarse = values.astype(np.float32)
        self._highs = [RangeMax(column, longest) for column in coarse.T]
        self._lows = [RangeMax(-column, longest) for column in coarse.T]
        speed = np.gradient(values, step, axis=0) if len(values) > 1 else np.zeros_like(values)
        self._speeds = {
            sign: [RangeMax(sign * column, longest) for column in speed.astype(np.float32).T]
            for sign in (1, -1)
        }
        self._quantiles = np.quantile(values, [0.1, 0.5, 0.9], axis=0)  # (3, K)
        moved = np.asarray(signals.displacement, dtype=np.float64)
        smooth_moved = smooth(moved, step, SMOOTHING)
        self._halves = {}
        for half, starts in _HALVES.items():
            own = [i for i, name in enumerate(signals.regions) if name.startswith(starts)]
            flat = smooth_moved[:, own].reshape(self._count, -1)
            change = np.gradient(flat, step, axis=0) if len(flat) > 1 else np.zeros_like(flat)
            energy = np.sqrt((change**2).mean(axis=1))
            self._halves[half] = (
                RangeMean(flat),
                RangeMean(energy),
                np.quantile(energy, [0.2, 0.5]),
            )
        self._syllables = {}
        for name, channel in _SYLLABLES.items():
            boxes = BoxMeans(channels[channel], step)
            quick = boxes.mean(-0.03, 0.03) - boxes.mean(-0.25, 0.25)
            energy = np.sqrt(np.maximum(BoxMeans(quick**2, step).mean(-0.5, 0.5), 0.0))
            self._syllables[name] = (RangeMean(energy), float(np.median(energy)))
        self._coherence = Coherence(signals.regions, signals.centres)
        used = smooth_moved[:, self._coherence.used]
        self._whole = RangeMean(used.reshape(self._count, 2 * used.shape[1]))
        others = {"mouth": channels.mouth_speed, "speech": signals.speech, "blink": signals.blink}
        others |= {"head": signals.head_motion, "residual": signals.residual}
        others |= {"confidence": signals.confidence}
        others |= {name: channels[name] for name in _AWAY}
        others |= {f"far_{name}": channels[name] > _FAR for name in _AWAY}
        self._others = {name: RangeMean(value) for name, value in others.items()}
        self._usual = {name: float(np.median(value)) for name, value in others.items()}
        pose = smooth(np.asarray(signals.pose, dtype=np.float64), step, SMOOTHING)
        self._pose = RangeMean(pose)
        self._usual_pose = np.median(pose, axis=0)
        self._angles = RangeMean(signals.angles)
        self._usual_angles = np.median(signals.angles, axis=0)
        self._disturbed = RangeMean(signals.disturbed)
        self._states = RangeMean(signals.states)
        self._noise = float(np.median(signals.noise))
        self._lengths = np.log(evidence.lengths)
        self._levels = [RangeMax(level.astype(np.float32), longest) for level in evidence.level]
        self._typical = np.quantile(evidence.level, 0.7, axis=1)
        self._strength = RangeMax(evidence.level.max(axis=0), longest)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all features."""
        none = np.empty(0, dtype=np.int64)
        return tuple(self._describe(Proposals(none, none, none, none)))

    def describe(self, stretches: Proposals, names: Sequence[str]) -> np.ndarray:
        """Describe stretches.

        Args:
            stretches: n of them.
            names: of the wanted features.

        Returns:
            float32 (n, F), a column per name.

        Raises:
            MespotError: a feature of that name is not known.
        """
        found = self._describe(stretches)
        unknown = [name for name in names if name not in found]
        if unknown:
            raise MespotError(f"feature {unknown[0]!r} is not known to this version of mespot")
        return np.stack([found[name] for name in names], axis=1).astype(np.float32)

    def _describe(self, some: Proposals) -> dict[str, np.ndarray]:
        first, end, step = some.first, some.last + 1, self._step
        length = end - first
        seconds = length * step
        flank = np.maximum(1, np.round(np.clip(0.3 * seconds, 0.12, 0.6) / step).astype(np.int64))
        quarter = np.maximum(1, length // 4)
        short = max(1, round(_ENDS / step))
        around = max(1, round(_AROUND / step))
        spans = {
            "inside": (first, end),
            "middle": (first + quarter, end - quarter),
            "before": (first - flank, first),
            "after": (end, end + flank),
            "wide_before": (first - around, first),
            "wide_after": (end, end + around),
            "onset": (first - 1, first + np.maximum(quarter, short)),
            "offset": (end - np.maximum(quarter, short), end + 1),
            "at_first": (first - short, first + short),
            "at_last": (end - short, end + short),
        }
        found = self._own(some, spans, seconds)
        found |= self._moves(spans)
        for half in _HALVES:
            found |= self._half(half, spans)
        for name, (mean, usual) in self._syllables.items():
            inside = mean.over(*spans["inside"])
            found[f"syllables_{name}"] = inside
            found[f"syllables_{name}_around"] = 0.5 * (
                mean.over(*spans["wide_before"]) + mean.over(*spans["wide_after"])
            )
            found[f"syllables_{name}_usual"] = np.full(len(some), usual)
            found[f"above_syllables_{name}"] = found["rise_least"] / np.maximum(inside, 0.003)
        found |= self._surroundings(some, spans)
        found |= self._together(spans)
        found |= self._bump_scores(some, spans, seconds)
        found |= self._disturbances(some, spans)
        found["from_begin"] = (first <= 1).astype(float)
        found["to_end"] = (end >= self._count - 1).astype(float)
        found["direction"] = some.sign.astype(float)
        for number, name in enumerate(NAMES):
            found[f"is_{name}"] = (some.channel == number).astype(float)
        found |= self._shape(spans)
        return found

    def _own(self, some: Proposals, spans: dict, seconds: np.ndarray) -> dict[str, np.ndarray]:
        """The channel that made the stretch: height, hold, speed."""
        row, first, last = np.arange(len(some)), some.first, some.last

        def own(table: np.ndarray) -> np.ndarray:
            return some.sign * table[row, some.channel]

        before, after, middle = (
            own(self._means.over(*spans[name])) for name in ("before", "after", "middle")
        )
        peak, lowest, rising, falling = (np.empty(len(some)) for _ in range(4))
        for number in np.unique(some.channel).tolist():
            for sign in (1, -1):
                of = (some.channel == number) & (some.sign == sign)
                high, low = (self._highs, self._lows)[::sign]
                begin, end = first[of], last[of] + 1
                peak[of] = high[number].over(begin, end)
                lowest[of] = -low[number].over(*(part[of] for part in spans["middle"]))
                rising[of] = self._speeds[sign][number].over(*(p[of] for p in spans["onset"]))
                falling[of] = self._speeds[-sign][number].over(*(p[of] for p in spans["offset"]))
        q10, usual, q90 = (some.sign * quantile[some.channel] for quantile in self._quantiles)
        spread = np.abs(q90 - q10)
        rise, fall = peak - before, peak - after
        least, lower, higher = (
            np.minimum(rise, fall), np.minimum(before, after), np.maximum(before, after)
        )  # fmt: skip
        return {
            "log_seconds": np.log(seconds),
            "rise": rise,
            "fall": fall,
            "rise_least": least,
            "rise_most": np.maximum(rise, fall),
            "hold": (middle - lower) / np.maximum(peak - lower, 1e-3),
            "dip": (lowest - higher) / np.maximum(peak - higher, 1e-3),
            "first_height": (some.sign * self._values[first, some.channel] - before)
            / np.maximum(rise, 1e-3),
            "last_height": (some.sign * self._values[last, some.channel] - after)
            / np.maximum(fall, 1e-3),
            "above_usual": middle - usual,
            "before_usual": before - usual,
            "after_usual": after - usual,
            "of_spread": least / np.maximum(spread, 0.005),
            "over_noise": np.log(np.maximum(least, 1e-4) / self._noise),
            "onset_speed": rising,
            "offset_speed": falling,
            "onset_rate": rising / np.maximum(rise, 1e-3),
            "offset_rate": falling / np.maximum(fall, 1e-3),
        }

    def _moves(self, spans: dict) -> dict[str, np.ndarray]:
        middle = self._means.over(*spans["middle"])
        found = {}
        for side in ("before", "after"):
            change = middle - self._means.over(*spans[side])
            for name in _MOVES:
                found[f"{name}_from_{side}"] = change[:, NAMES.index(name)]
        return found

    def _half(self, half: str, spans: dict) -> dict[str, np.ndarray]:
        """Upper or lower face: how far it goes, how far it is from rest, how fast it moves."""
        place, energy, usual = self._halves[half]
        before, middle, after = (place.over(*spans[name]) for name in ("before", "middle", "after"))

        def size(vectors: np.ndarray) -> np.ndarray:
            return np.sqrt((vectors**2).mean(axis=1))

        there, back = size(middle - before), size(middle - after)
        found = {
            "there": there,
            "back": back,
            "new_rest": size(after - before) / np.maximum(np.minimum(there, back), 1e-3),
            "rest_before": size(before),
            "rest_inside": size(middle),
            "rest_after": size(after),
            "energy_onset": energy.over(*spans["onset"]),
            "energy_middle": energy.over(*spans["middle"]),
            "energy_offset": energy.over(*spans["offset"]),
            "energy_before": energy.over(*spans["wide_before"]),
            "energy_after": energy.over(*spans["wide_after"]),
            "energy_quiet": np.full(len(there), usual[0]),
            "energy_usual": np.full(len(there), usual[1]),
        }
        return {f"{half}_{name}": value for name, value in found.items()}

    def _together(self, spans: dict) -> dict[str, np.ndarray]:
        """How much of what moves is the face as a whole (``mespot.flow.coherence``)."""
        found = {}
        middle = self._whole.over(*spans["middle"])
        for side in ("before", "after"):
            moved = self._coherence.describe(middle - self._whole.over(*spans[side]))
            found |= {f"{name}_{side}": value for name, value in moved.items()}
        return found

    def _surroundings(self, some: Proposals, spans: dict) -> dict[str, np.ndarray]:
        """What goes on meanwhile: distance from usual, speech, blinks, head."""
        found = {}
        for name in _AWAY:
            mean, far = self._others[name], self._others[f"far_{name}"]
            for part in ("middle", "before", "after", "inside"):
                found[f"{name}_{part}"] = mean.over(*spans[part])
            half = np.maximum(2, (some.last - some.first + 1) // 2)
            found[f"{name}_far"] = far.over(*spans["inside"])
            found[f"{name}_far_around"] = 0.5 * (
                far.over(some.first - half, some.first)
                + far.over(some.last + 1, some.last + 1 + half)
            )
        for name in ("mouth", "speech"):
            mean = self._others[name]
            found[f"{name}_inside"] = mean.over(*spans["inside"])
            found[f"{name}_before"] = mean.over(*spans["wide_before"])
            found[f"{name}_after"] = mean.over(*spans["wide_after"])
        for name in ("blink", "head"):
            mean = self._others[name]
            found[f"{name}_inside"] = mean.over(*spans["inside"])
            found[f"{name}_first"] = mean.over(*spans["at_first"])
            found[f"{name}_last"] = mean.over(*spans["at_last"])
        found["head_usual"] = np.full(len(some), self._usual["head"])
        middle = self._pose.over(*spans["middle"])
        for side in ("before", "after"):
            turned = np.abs(middle - self._pose.over(*spans[side]))
            found |= {f"{name}_from_{side}": turned[:, i] for i, name in enumerate(_POSE)}
        off = np.abs(self._pose.over(*spans["inside"]) - self._usual_pose)
        found["yaw_off"], found["pitch_off"] = off[:, 4], off[:, 5]
        found["residual"] = self._others["residual"].over(*spans["inside"])
        found["residual_usual"] = np.full(len(some), self._usual["residual"])
        found["confidence"] = self._others["confidence"].over(*spans["inside"])
        return found

    def _disturbances(self, some: Proposals, spans: dict) -> dict[str, np.ndarray]:
        """Named states (``mespot.flow.states``) and the angles of the head."""
        found = {}
        middle, inside = (self._angles.over(*spans[name]) for name in ("middle", "inside"))
        turned = {
            "from_before": middle - self._angles.over(*spans["before"]),
            "from_after": middle - self._angles.over(*spans["after"]),
            "off": inside - self._usual_angles,
            "away": inside,
        }
        for name, angles in turned.items():
            found[f"turned_{name}"], found[f"nodded_{name}"] = np.abs(angles).T
        for part in ("inside", "before", "after"):
            found[f"disturbed_{part}"] = self._disturbed.over(*spans[part])
            held = self._states.over(*spans[part])
            for name in (
                ("head_turn", "head_fast", "eyes_closed") if part == "inside" else ("eyes_closed",)
            ):
                found[f"{name}_{part}"] = held[:, STATES.index(name)]
        beside = self._states.over(some.first - 3, some.last + 4)
        found["jumps"] = beside[:, STATES.index("cut")] + beside[:, STATES.index("realigned")]
        return found

    def _bump_scores(
        self, some: Proposals, spans: dict, seconds: np.ndarray
    ) -> dict[str, np.ndarray]:
        """How far it stands out as a bump (``mespot.flow.evidence``), here and at its sides."""
        nearest = np.abs(np.log(np.maximum(seconds, 0.05))[:, None] - self._lengths).argmin(axis=1)
        centre = (some.first + some.last) // 2
        reach = np.maximum(1, (some.last - some.first + 1) // 8)
        level = np.empty(len(some))
        for number in np.unique(nearest).tolist():
            of = nearest == number
            level[of] = self._levels[number].over(
                centre[of] - reach[of], centre[of] + reach[of] + 1
            )
        highest = self._strength.over(*spans["inside"])
        found = {
            "bump": np.log1p(level),
            "bump_highest": np.log1p(highest),
            "bump_usual": np.log1p(self._typical[nearest]),
            "bump_share": level / np.maximum(highest, 1e-3),
            "bump_before": np.log1p(self._strength.over(*spans["wide_before"])),
            "bump_after": np.log1p(self._strength.over(*spans["wide_after"])),
        }
        return found | self._bumps.at(some.first, some.last)

    def _shape(self, spans: dict) -> dict[str, np.ndarray]:
        """The face itself, by its landmarks: lips, corners of the mouth and brows."""
        found = {}
        for part in ("before", "middle", "after"):
            means = self._means.over(*spans[part])
            for number, name in enumerate(_GEOMETRY):
                moved = means[:, NAMES.index(name)]
                if name == "corner_up":  # against the middle of the lips
                    lips = means[:, NAMES.index("lower_lip")] - means[:, NAMES.index("upper_lip")]
                    moved = moved + 0.5 * lips
                found[f"face_{name}_{part}"] = moved + float(self._signals.geometry[number])
        return found
