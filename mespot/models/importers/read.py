"""Safe reading of checkpoint files: names, shapes and tensors, nothing else.

A ``.pth`` file is a pickle, which can run any program when it is read carelessly. Its instructions
are looked through first, without following them: whatever they ask for must be on a short list of
what tensors, plain data and ``argparse.Namespace`` (the published files keep their command line)
need. Then torch's restricted reader gets it. What either refuses is refused.
"""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from pickletools import genops
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open

from mespot.core.errors import MespotError

_ZIP = b"PK\x03\x04"
_STATES = ("model", "module")  # entries of a checkpoint that hold the weights, in this order
_STORED = "Float Double Half BFloat16 Long Int Short Char Byte Bool".split()
_ALLOWED = {
    "argparse Namespace",
    "collections OrderedDict",
    "torch Size",
    "torch device",
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in _STORED),
}
_LONGEST_PICKLE = 64 << 20  # bytes; the largest published model needs less than one MiB
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


class StoredTensor(NamedTuple):
    """A tensor of a checkpoint; its values are read only when ``load`` is called.

    A few bytes of a file can declare a tensor of any size, so ask for ``shape`` first.
    """

    shape: tuple[int, ...]
    load: Callable[[], torch.Tensor]


def read_tensors(path: str | Path) -> dict[str, StoredTensor]:
    """List the weights in a checkpoint: a torch zip file or safetensors, told by their content.

    Of a torch file the entry ``model`` is taken, else ``module``, else the file itself.

    Args:
        path: the file.

    Returns:
        the tensors by the names that the file gives them.

    Raises:
        MespotError: for a file that cannot be read, is neither format, holds anything but plain
            data, declares more bytes than it has, or holds no tensors.
    """
    path = Path(path)
    try:
        with open(path, "rb") as stream:
            head = stream.read(9)
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error.strerror})") from error
    if head.startswith(_ZIP):
        found = _torch_tensors(path)
    elif head[8:9] == b"{":
        found = _safetensors(path)
    else:
        raise MespotError(
            f"{path}: not a checkpoint, expected safetensors or a zip file of torch.save "
            "(torch before 1.6 wrote another format: save the file anew with a later one)"
        )
    odd = next((name for name in found if not name.isprintable()), None)
    if odd is not None:
        raise MespotError(f"{path}: tensor {odd!r}: found control characters, expected a name")
    if not found:
        raise MespotError(
            f"{path}: holds no tensors, expected weights at the top or below the key 'model'"
        )
    return found


def _safetensors(path: Path) -> dict[str, StoredTensor]:
    try:
        with safe_open(path, framework="pt") as stream:
            return {
                name: StoredTensor(tuple(stream.get_slice(name).get_shape()), _later(path, name))
                for name in stream.keys()  # noqa: SIM118 (not a mapping)
            }
    except (OSError, SafetensorError) as error:
        raise MespotError(f"{path}: weights cannot be read ({_line(error)})") from error


def _later(path: Path, name: str) -> Callable[[], torch.Tensor]:
    def load() -> torch.Tensor:
        try:
            with safe_open(path, framework="pt") as stream:
                return _plain(path, name, stream.get_tensor(name))
        except (OSError, SafetensorError) as error:
            raise MespotError(f"{path}: weights cannot be read ({_line(error)})") from error

    return load


def _torch_tensors(path: Path) -> dict[str, StoredTensor]:
    _look_through(path)
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # the reader raises many kinds on damaged and on hostile files
        raise MespotError(f"{path}: refused by torch's safe reader ({_line(error)})") from error
    state = _state(content)
    return {
        str(name): StoredTensor(tuple(value.shape), _ready(path, str(name), value))
        for name, value in state.items()
        if isinstance(value, torch.Tensor)
    }


def _ready(path: Path, name: str, value: torch.Tensor) -> Callable[[], torch.Tensor]:
    return lambda: _plain(path, name, value)


def _state(content: Any) -> Mapping[Any, Any]:
    if not isinstance(content, Mapping):
        return {}
    for key in _STATES:
        if isinstance(content.get(key), Mapping):
            return content[key]
    return content


def _look_through(path: Path) -> None:
    """Refuse what could grow or run while it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            declared, size = sum(entry.file_size for entry in entries), path.stat().st_size
            packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
            if packed or declared > size:
                raise MespotError(
                    f"{path}: refused, it would unpack to {declared} bytes from {size} "
                    "(torch.save stores without compression)"
                )
            pickles = [entry for entry in entries if entry.filename.endswith(".pkl")]
            if len(pickles) != 1 or pickles[0].file_size > _LONGEST_PICKLE:
                raise MespotError(
                    f"{path}: not a file of torch.save, found {len(pickles)} pickles, expected one "
                    f"of at most {_LONGEST_PICKLE} bytes"
                )
            instructions = [(code.name, arg) for code, arg, _ in genops(archive.read(pickles[0]))]
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise MespotError(f"{path}: damaged file ({_line(error)})") from error
    for name, argument in instructions:
        if name in ("STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"):
            raise MespotError(f"{path}: refused, it has a pickle's {name}, torch.save writes none")
        if name == "GLOBAL" and argument not in _ALLOWED:
            raise MespotError(
                f"{path}: refused, it asks for {str(argument).replace(' ', '.')!r} (expected "
                "tensors, plain data and argparse.Namespace); nothing of it was run"
            )


def _plain(path: Path, name: str, value: torch.Tensor) -> torch.Tensor:
    if value.dtype not in _FLOATS or value.layout != torch.strided or value.device.type != "cpu":
        raise MespotError(
            f"{path}: tensor {name}: found {value.dtype} on {value.device}, {value.layout}, "
            "expected dense floating-point values"
        )
    value = value.detach().to(torch.float32).contiguous()
    if not bool(torch.isfinite(value).all()):
        raise MespotError(f"{path}: tensor {name}: found NaN or infinite values, expected numbers")
    return value


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
