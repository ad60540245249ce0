"""Reading ``params.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mespot.core.errors import MespotError
from mespot.params.classify import ClassifyParams
from mespot.params.data import DataParams
from mespot.params.finetune import FinetuneParams
from mespot.params.flow import FlowParams
from mespot.params.fuse import FuseParams
from mespot.params.grid import GridParams
from mespot.params.preprocess import PreprocessParams
from mespot.params.pretrain import PretrainParams
from mespot.params.report import ReportParams
from mespot.params.section import Section
from mespot.params.slices import SlicesParams
from mespot.params.synth import SynthParams

_DATASET = re.compile(r"\w[\w.-]*")  # it becomes a folder


class Params(Section):
    """The whole of ``params.yaml``."""

    seed: int = Field(ge=0, description="seed of everything that draws random numbers")
    jobs: int = Field(ge=0, description="processes for per-video work; 0 = all cores")
    datasets: tuple[str, ...] = Field(min_length=1, description="data sets that the stages run on")
    unlabelled: tuple[str, ...] = Field(
        description="further data sets that are indexed and cropped for pre-training alone"
    )
    data: DataParams
    synth: SynthParams
    preprocess: PreprocessParams
    pretrain: PretrainParams
    finetune: dict[str, FinetuneParams] = Field(
        description="settings per data set: the key `base`, overlaid by the data set's own key"
    )
    classify: dict[str, ClassifyParams] = Field(
        description="recipes of clip classification: the key `base`, overlaid by the recipe's own"
    )
    slices: SlicesParams
    flow: FlowParams
    grid: GridParams
    fuse: FuseParams
    report: ReportParams

    @field_validator("finetune", "classify", mode="before")
    @classmethod
    def _overlay(cls, value: Any) -> Any:
        return per_dataset(value)

    @field_validator("datasets", "unlabelled")
    @classmethod
    def _plain_and_once(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        others = info.data.get("datasets", ())
        for name in value:
            if not _DATASET.fullmatch(name):
                raise ValueError(f"names of letters, digits, _ - and . alone, not {name!r}")
            if value.count(name) > 1 or name in others:
                raise ValueError(f"each data set once, in datasets or in unlabelled, not {name}")
        return value


def per_dataset(section: Any) -> Any:
    """Overlay each data set's keys on those under ``base``.

    ``{base: {lr: 1, steps: 5}, samm_lv: {lr: 2}}`` gives ``samm_lv`` the settings
    ``{lr: 2, steps: 5}``; ``base`` stays as the settings of every other data set.
    """
    if not isinstance(section, Mapping) or not isinstance(section.get("base"), Mapping):
        return section
    base = dict(section["base"])
    return {
        name: {**base, **(dict(own) if isinstance(own, Mapping) else {})}
        for name, own in section.items()
    }


def default_params_path() -> Path:
    """Return the ``params.yaml`` that mespot was shipped with."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "params.yaml"
    return packed if packed.exists() else package.parent / "params.yaml"


def load_params(path: str | Path | None = None) -> Params:
    """Read and check a params file.

    Args:
        path: a YAML file; ``None`` takes the one that mespot was shipped with.

    Raises:
        MespotError: naming file, key, what was found and what is expected.
    """
    path = Path(path) if path is not None else default_params_path()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        content = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f" line {line + 1}" if line is not None else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise MespotError(f"{path}:{where} not valid YAML ({problem})") from error
    if not isinstance(content, dict):
        raise MespotError(f"{path}: found {type(content).__name__}, expected a mapping of sections")
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise MespotError(f"{path}: {_first_fault(error)}") from error


def _first_fault(error: ValidationError) -> str:
    faults = error.errors()
    # a misspelt key is unknown and leaves its right name missing: the first says more
    unknown = [fault for fault in faults if fault["type"] == "extra_forbidden"]
    fault = (unknown or faults)[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}, check the spelling"
    if fault["type"] == "missing":
        return f"key {key} is missing"
    expected = fault["msg"].removeprefix("Value error, ")
    if isinstance(fault["input"], Mapping):  # keys that do not go together: the rule names them
        return f"{key}: expected: {expected}"
    return f"{key}: found {fault['input']!r}, expected: {expected}"
