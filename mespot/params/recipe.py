"""Settings that fine-tuning recipes add to those of the loop: what clips and labels go through."""

from __future__ import annotations

from pydantic import Field, model_validator

from mespot.params.loop import LoopParams


class RecipeParams(LoopParams):
    """Layer decay, stochastic depth, augmentation, mixing."""

    layer_decay: float = Field(gt=0, le=1, description="learning-rate factor per layer downwards")
    drop_path: float = Field(ge=0, lt=1, description="stochastic depth at the last block")
    flip: float = Field(ge=0, le=1, description="share of clips mirrored")
    crop_area: tuple[float, float] = Field(
        description="smallest and largest share of the picture in random crops; 1, 1 = none"
    )
    crop_ratio: tuple[float, float] = Field(
        description="smallest and largest width by height of random crops"
    )
    rand_ops: int = Field(ge=0, description="RandAugment operations per clip (rgb only); 0 = none")
    rand_magnitude: float = Field(ge=0, le=10, description="strength of RandAugment")
    rand_spread: float = Field(ge=0, description="standard deviation of rand_magnitude")
    erase: float = Field(ge=0, le=1, description="share of clips with an erased box")
    erase_area: tuple[float, float] = Field(
        description="smallest and largest share of the picture that is erased"
    )
    erase_ratio: float = Field(ge=1, description="largest side ratio of the erased box")
    mixup: float = Field(ge=0, description="alpha of mixup; 0 = off")
    cutmix: float = Field(ge=0, description="alpha of CutMix; 0 = off")
    mix_chance: float = Field(ge=0, le=1, description="share of the steps with mixed clips")
    mix_switch: float = Field(ge=0, le=1, description="share of CutMix where both are on")
    smoothing: float = Field(ge=0, lt=1, description="label smoothing")

    @model_validator(mode="after")
    def _rising_pairs(self) -> RecipeParams:
        for name, top in (("crop_area", 1.0), ("crop_ratio", 10.0), ("erase_area", 1.0)):
            low, high = getattr(self, name)
            if not 0 < low <= high <= top:
                raise ValueError(f"{name} must be two rising numbers above 0, at most {top:g}")
        return self
