"""Per-frame signals of one video: how far each facial region is from neutral, and how sure that is.

``refine`` makes them of what dense flow measured by region (``mespot.flow.pooling``): head motion
fitted on rigid anchors and removed; blinks recognised and their leak removed; the
neutral level estimated (or taken where it was stated) and removed; the noise of this very video
measured; speech told from the mouth's movement and, where there is one, the voice.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mespot.core.errors import MespotError
from mespot.crops.track import FaceTrack
from mespot.flow.baseline import neutral_level
from mespot.flow.blinks import closure
from mespot.flow.evidence import measure_evidence, tried_lengths
from mespot.flow.filters import BoxMeans, fill_gaps, robust_sd, smooth
from mespot.flow.geometry import face_geometry
from mespot.flow.nuisance import leak
from mespot.flow.pooling import RegionFlow
from mespot.flow.regions import make_regions
from mespot.flow.rigid import remove_head
from mespot.flow.signals import FlowSignals, sampling_step
from mespot.flow.states import NAMES, states_of
from mespot.params.flow import FlowParams
from mespot.speech.visual import visual_speech, with_voice

_SHUT = 0.2  # closure from which on an eye is not at rest
_BLINK_FLOOR = 0.1  # closure too small to teach a leak


def refine(
    pooled: RegionFlow,
    track: FaceTrack,
    params: FlowParams,
    voice: np.ndarray | None = None,
    neutral: tuple[float, float] | None = None,
) -> FlowSignals:
    """Turn raw region displacement into signals.

    Args:
        pooled: what was measured.
        track: alignment; crops without ``success`` were not measured, signals are interpolated
            there with confidence 0.
        params: section ``flow``.
        voice: (frames,) probability of voice at every source frame, from
            ``mespot.speech.voice.voice_activity``; None where nothing is known of the sound.
        neutral: start and end, s, of a stretch in which the face is known to rest: the mean over
            it is the neutral level of the whole video, which is not estimated then.

    Raises:
        MespotError: no face in the ``neutral`` stretch, or the video does not reach there.
    """
    regions = make_regions(track.landmarks, track.iod, track.size, params.flow_iod)
    time = np.asarray(track.time, dtype=np.float64)
    step = sampling_step(time)
    usable = np.asarray(track.success, dtype=bool) & np.isfinite(pooled.eyes).all(axis=(1, 2))
    eyes = fill_gaps(pooled.eyes, usable)
    fit = remove_head(
        fill_gaps(pooled.displacement, usable), regions.centres, regions.depths, len(regions.names)
    )
    lid_index = [regions.names.index(name) for name in ("lid_upper_r", "lid_upper_l")]
    blink = closure(eyes, fit.displacement[:, lid_index, 1], step)

    head = np.asarray(track.head, dtype=np.float64)
    lids = fit.displacement[:, lid_index].reshape(len(time), -1)
    # lids teach only while they blink: in a raised brow or a squint they move with the expression
    shut = np.clip(blink / _SHUT, 0.0, 1.0)[:, None]
    nuisance = np.concatenate([blink[:, None], lids * shut, fit.motion[:, 4:]], axis=1)  # (N, 7)
    floor = np.array([_BLINK_FLOOR] + [params.noise_floor] * 4 + [params.turn_floor] * 2)
    displacement = fit.displacement
    flat = displacement.reshape(len(time), -1)  # (N, R * 2), a view: large in a long video
    lag = max(1, round(params.leak_lag / step))
    flat -= leak(flat, nuisance, floor, usable, lag)

    calm = usable & (blink < _SHUT)
    teach = calm if calm.sum() > 5 else usable
    if neutral is None:
        flat -= neutral_level(flat, time, teach, params.neutral_window)
        lid_level = np.median(lids[usable], axis=0) if usable.any() else 0.0
    else:
        rest = _resting(neutral, time, usable, calm)
        flat -= flat[rest].mean(axis=0)
        lid_level = lids[rest].mean(axis=0)
    displacement[:, lid_index] = (lids - lid_level).reshape(len(time), 2, 2)

    speed = head_speed(head, step)
    noise = region_noise(displacement, usable, step, params.noise_floor)
    confidence = np.where(usable, np.asarray(track.confidence, dtype=np.float64), 0.0)
    confidence = confidence / (1.0 + (speed / params.fast_head) ** 2)
    signals = FlowSignals(
        frame=np.asarray(track.frame, dtype=np.int64),
        time=time,
        regions=regions.names,
        displacement=displacement.astype(np.float32),
        noise=noise.astype(np.float32),
        strength=np.zeros(len(time), dtype=np.float32),
        blink=blink.astype(np.float32),
        head_motion=speed.astype(np.float32),
        residual=np.where(usable, fit.residual, 0.0).astype(np.float32),
        confidence=confidence.astype(np.float32),
        speech=_speech(displacement, regions.names, usable, step, voice, track.frame),
        pose=np.column_stack([head, fit.motion[:, 4:]]).astype(np.float32),
        geometry=face_geometry(track, displacement, regions.names).astype(np.float32),
        centres=regions.centres[: len(regions.names)].astype(np.float32),
        states=np.zeros((len(time), len(NAMES)), dtype=bool),
        disturbed=np.zeros(len(time), dtype=np.float32),
        angles=np.zeros((len(time), 2), dtype=np.float32),
        frames=int(track.frames),
        fps=float(track.fps),
    )
    if not usable.any():
        return signals
    named = states_of(signals, track, pooled)
    signals = dataclasses.replace(
        signals, states=named.held, disturbed=named.disturbed, angles=named.angles
    )
    evidence = measure_evidence(signals, tried_lengths(params), params.noise_floor)
    strongest = evidence.level.max(axis=0)
    signals = dataclasses.replace(signals, strength=strongest.astype(np.float32))
    object.__setattr__(signals, "evidence", evidence)  # so that it need not be measured again
    return signals


def _resting(
    neutral: tuple[float, float], time: np.ndarray, usable: np.ndarray, calm: np.ndarray
) -> np.ndarray:
    """Samples (N,) bool in the stretch of rest; those without a blink, where there are any."""
    start, end = neutral
    half = 0.5 * sampling_step(time)  # so that a stretch between two samples has one
    inside = (time >= start - half) & (time <= end + half)
    for chosen in (inside & calm, inside & usable):
        if chosen.any():
            return chosen
    where = "no face there" if inside.any() else "outside of the video"
    raise MespotError(f"neutral from {start:g} to {end:g} s: {where}")


def _speech(
    displacement: np.ndarray,
    names: tuple[str, ...],
    usable: np.ndarray,
    step: float,
    voice: np.ndarray | None,
    frame: np.ndarray,
) -> np.ndarray:
    """Probability of speech (N,) float32 of lips, jaw and voice; 0 where no face is ever seen."""
    if not usable.any():
        return np.zeros(len(displacement), dtype=np.float32)
    down = {name: displacement[:, number, 1] for number, name in enumerate(names)}
    lips = down["lower_lip"] - 0.5 * (down["upper_lip_r"] + down["upper_lip_l"])
    seen = visual_speech(lips, down["chin"], step)
    heard = None if voice is None else voice[np.asarray(frame, dtype=np.int64)]
    return with_voice(seen, heard, step)


def head_speed(head: np.ndarray, step: float) -> np.ndarray:
    """Speed of the head in IOD/s from (N, 4) x, y, roll, log scale; roll and scale at 1 IOD."""
    if len(head) < 2:
        return np.zeros(len(head))
    quiet = smooth(head, step, 0.1)
    return np.linalg.norm(np.gradient(quiet, step, axis=0), axis=1)


def region_noise(
    displacement: np.ndarray, usable: np.ndarray, step: float, floor: float
) -> np.ndarray:
    """Noise SD per region (R,), IOD: robust SD of what changes faster than 0.2 s, both axes."""
    if not usable.any():
        return np.full(displacement.shape[1], floor)
    noise = np.empty(displacement.shape[1])
    for region in range(len(noise)):  # one at a time: long videos
        own = displacement[:, region].T  # (2, N)
        fast = own - BoxMeans(own, step).mean(-0.1, 0.1)
        noise[region] = np.sqrt((robust_sd(fast[:, usable]) ** 2).mean())
    return np.maximum(noise, floor)
