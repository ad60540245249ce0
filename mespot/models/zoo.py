"""The named models. A name fixes geometry and sizes; everything else is in ``params.yaml``."""

from __future__ import annotations

from typing import Any, NamedTuple

from mespot.core.errors import MespotError
from mespot.models.encoder import Encoder
from mespot.models.lgi_former import LGIFormer
from mespot.models.mae import MaskedAutoEncoder
from mespot.models.vit import VideoMAEViT


class Entry(NamedTuple):
    """An encoder class with its arguments, and the arguments of the auto-encoder around it."""

    encoder: type[Encoder]
    config: dict[str, Any]
    autoencoder: dict[str, Any]


def _sizes(size: int, width: int, depth: int, heads: int, patch: int = 16) -> dict[str, Any]:
    sizes = {"frames": 16, "size": size, "width": width, "depth": depth, "heads": heads}
    return {**sizes, "patch": patch}


def _decoder(width: int, depth: int, heads: int, eps: float) -> dict[str, Any]:
    return {
        "decoder_width": width,
        "decoder_depth": depth,
        "decoder_heads": heads,
        "target_eps": eps,
    }


# The 64 px models are sized for eight classifiers per data set in minutes on two CPU cores: a
# training step costs a third of that at width 128 and depth 4. The larger eps of the small models
# keeps noise of featureless cubes out of the loss.
_ZOO = {
    "lgi_former_base_160": Entry(
        LGIFormer, {**_sizes(160, 512, 16, 8), "region": [2, 5, 10]}, _decoder(384, 4, 6, 1e-6)
    ),
    "videomae_vit_base_160": Entry(
        VideoMAEViT, _sizes(160, 768, 12, 12), _decoder(384, 4, 6, 1e-6)
    ),
    "lgi_former_small_96": Entry(
        LGIFormer, {**_sizes(96, 256, 8, 4), "region": [2, 3, 6]}, _decoder(192, 2, 3, 0.02)
    ),
    "lgi_former_tiny_96": Entry(
        LGIFormer, {**_sizes(96, 128, 4, 4), "region": [2, 3, 6]}, _decoder(96, 2, 3, 0.02)
    ),
    "videomae_vit_tiny_96": Entry(VideoMAEViT, _sizes(96, 128, 4, 4), _decoder(96, 2, 3, 0.02)),
    "lgi_former_tiny_64": Entry(
        LGIFormer, {**_sizes(64, 64, 3, 4), "region": [2, 2, 4]}, _decoder(64, 2, 4, 0.1)
    ),
    # for the grid of `input: motion`
    "lgi_former_tiny_24": Entry(
        LGIFormer, {**_sizes(24, 64, 2, 4, 8), "region": [2, 3, 3]}, _decoder(64, 1, 4, 0.1)
    ),
    "videomae_vit_tiny_64": Entry(VideoMAEViT, _sizes(64, 64, 3, 4), _decoder(64, 2, 4, 0.1)),
}

NAMES = tuple(sorted(_ZOO))


def create_encoder(name: str, drop_path: float = 0.0) -> Encoder:
    """Build an encoder by its factory name.

    Args:
        name: see ``NAMES``.
        drop_path: stochastic depth at the last block.

    Raises:
        MespotError: for an unknown name, with the known ones.
    """
    entry = _entry(name)
    return entry.encoder(**entry.config, drop_path=drop_path)


def create_autoencoder(name: str, compat_order: bool = False) -> MaskedAutoEncoder:
    """Build a masked auto-encoder around the encoder ``name``.

    Args:
        name: see ``NAMES``.
        compat_order: see ``MaskedAutoEncoder``.

    Raises:
        MespotError: for an unknown name, with the known ones.
    """
    arguments = _entry(name).autoencoder
    return MaskedAutoEncoder(create_encoder(name), **arguments, compat_order=compat_order)


def _entry(name: str) -> Entry:
    if name not in _ZOO:
        raise MespotError(f"model: found {name!r}, expected one of {', '.join(NAMES)}")
    return _ZOO[name]
