"""Names: which tensors of a checkpoint make which tensor of a mespot encoder.

Three layouts are known. The published VideoMAE and MAE-DFER files and mespot's own share their
names, apart from a prefix for the part that the encoder is of. transformers' VideoMAE has names of
its own and splits query, key and value:

    version 4   attention.attention.{query,key,value}.weight and attention.attention.{q,v}_bias
    version 5   the same or attention.{q,k,v}_proj, with .bias at each of the three

A key bias adds the same number to all scores of a query, which the softmax takes away again, so
leaving it out is exact. Some releases of version 5 read files of version 4 without their biases
and save zeros, which no file betrays but for the zeros: ``Plan.may_have_lost`` names where.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from mespot.core.errors import MespotError

_PREFIXES = ("module.", "backbone.", "encoder.")
_TRANSFORMERS = "embeddings.patch_embeddings.projection."
_BLOCK = re.compile(r"(?:encoder\.)?layers?\.(\d+)\.(.+)")
_QKV = re.compile(r"attention\.(?:attention\.)?(query|key|value|[qkv]_proj)\.(weight|bias)")
_PLACES = {
    "attention.attention.q_bias": "attn.q_bias",
    "attention.attention.v_bias": "attn.v_bias",
    "attention.output.dense.weight": "attn.proj.weight",
    "attention.output.dense.bias": "attn.proj.bias",
    "attention.o_proj.weight": "attn.proj.weight",
    "attention.o_proj.bias": "attn.proj.bias",
    "intermediate.dense.weight": "mlp.fc1.weight",
    "intermediate.dense.bias": "mlp.fc1.bias",
    "output.dense.weight": "mlp.fc2.weight",
    "output.dense.bias": "mlp.fc2.bias",
    "mlp.fc1.weight": "mlp.fc1.weight",
    "mlp.fc1.bias": "mlp.fc1.bias",
    "mlp.fc2.weight": "mlp.fc2.weight",
    "mlp.fc2.bias": "mlp.fc2.bias",
    "layernorm_before.weight": "norm1.weight",
    "layernorm_before.bias": "norm1.bias",
    "layernorm_after.weight": "norm2.weight",
    "layernorm_after.bias": "norm2.bias",
}
POSITIONS = ("pos_embed", "position_embeddings")
_ENCODER_PARTS = ("blocks.", "patch_embed.", "cls_token", "lg_region_tokens", *POSITIONS)


class Plan(NamedTuple):
    """What to read for what.

    Attributes:
        layout: ``published`` or ``transformers``.
        sources: name in the encoder -> names in the file, to be joined along the first axis.
        needless: names in the file that the result does not depend on (key biases).
        may_have_lost: names in the encoder that are all zero in a file whose biases were lost.
    """

    layout: str
    sources: dict[str, tuple[str, ...]]
    needless: frozenset[str]
    may_have_lost: tuple[str, ...]


def plan(names: Iterable[str], where: object) -> Plan:
    """Find the encoder's names for the tensors of a checkpoint.

    Args:
        names: names in the file.
        where: the file, for error messages.

    Returns:
        the plan; names that belong to no encoder keep a name of their own in ``sources``.

    Raises:
        MespotError: where two tensors claim the same place.
    """
    names = sorted(names)
    if any(_TRANSFORMERS in name for name in names):
        return _transformers(names, where)
    sources: dict[str, tuple[str, ...]] = {}
    for name in names:
        _claim(sources, _stripped(name), (name,), where)
    return Plan("published", sources, frozenset(), ())


def belongs_to_encoder(target: str) -> bool:
    """Whether a name of ``Plan.sources`` is part of an encoder, of this or another shape."""
    return target.startswith(_ENCODER_PARTS)


def _stripped(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _transformers(names: list[str], where: object) -> Plan:
    sources: dict[str, tuple[str, ...]] = {}
    weights: dict[str, dict[str, tuple[str, ...]]] = {}
    needless, biases = set(), []
    for name in names:
        inner = name.removeprefix("module.").removeprefix("videomae.")
        block = _BLOCK.fullmatch(inner)
        if block is None:
            inner = inner.replace(_TRANSFORMERS, "patch_embed.proj.")
            _claim(sources, inner.removeprefix("embeddings."), (name,), where)
            continue
        stem, rest = f"blocks.{block[1]}.", block[2]
        qkv = _QKV.fullmatch(rest)
        if qkv is None:
            _claim(sources, stem + _PLACES.get(rest, rest), (name,), where)
        elif qkv[2] == "weight":
            _claim(weights.setdefault(stem, {}), qkv[1][0], (name,), where)
        elif qkv[1][0] == "k":
            needless.add(name)
        else:
            target = f"{stem}attn.{qkv[1][0]}_bias"
            _claim(sources, target, (name,), where)
            biases.append(target)
    for stem, parts in weights.items():
        if set(parts) == set("qkv"):
            _claim(sources, f"{stem}attn.qkv.weight", sum((parts[key] for key in "qkv"), ()), where)
        else:
            sources.update({f"{stem}attn.{key}.weight": part for key, part in parts.items()})
    return Plan("transformers", sources, frozenset(needless), tuple(biases))


def _claim(
    sources: dict[str, tuple[str, ...]], target: str, names: tuple[str, ...], where: object
) -> None:
    if target in sources:
        raise MespotError(
            f"{where}: tensors {sources[target][0]} and {names[0]} are both {target}, expected one"
        )
    sources[target] = names
