"""Section ``preprocess``: faces."""

from __future__ import annotations

from pydantic import Field

from mespot.params.section import Section


class PreprocessParams(Section):
    """Detection, alignment and crops."""

    crop_size: int = Field(ge=64, le=512, description="width and height of a crop, pixels")
    crop_iod: float = Field(
        gt=0.1, lt=0.8, description="inter-ocular distance in a crop, fraction of its width"
    )
    eye_line: float = Field(
        gt=0.2, lt=0.7, description="height of the eyes in a crop, fraction of its width"
    )
    max_rate: float = Field(gt=0, description="crops per second at most; faster videos are thinned")
    detect_every: float = Field(gt=0, description="time between face detections, seconds")
    retry_every: float = Field(
        gt=0, description="time between detections while no face is found, seconds"
    )
    smooth: float = Field(ge=0, description="sigma of the temporal smoothing of alignment, seconds")
    max_gap: float = Field(ge=0, description="longest stretch without a face bridged, seconds")
    min_face_share: float = Field(
        ge=0, le=1, description="a video with a smaller share of frames with a face is an error"
    )
    jpg_quality: int = Field(ge=50, le=100, description="quality of the stored crops")
