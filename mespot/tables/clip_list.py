"""Lists of labelled clips, one ``<path> <label>`` a line, as DFEW, FERV39k and MAFW come.

The label is the last field, a whole number from 0; spaces or tabs stand before it, so that a path
may hold spaces itself. There is no header. A path is relative to the folder of the data set (an
absolute one is fine while it lies inside) and names a folder of frames, a still picture or a
video file; ``.mp4`` may be left out, as in lists for pre-training. Which it is shows from its
name: nothing is opened. Class names stand in ``labels.txt`` beside the list, one a line, the
first for label 0; without it labels have to run from 0 without a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mespot.core.errors import MespotError
from mespot.video.media import inside, kind_of

CLASS_NAMES = "labels.txt"
SPLITS = ("train", "val", "test")
_EXPECTED = "expected `<path> <label>`, a space or tab and a whole number from 0 at the end"


@dataclass(frozen=True)
class Clip:
    """One line of a list.

    Attributes:
        path: folder of frames, picture or video file; begins with the list's root.
        label: class, 0-based.
        kind: ``folder``, ``picture`` or ``file`` (a video).
        line: in the list, from 1.
    """

    path: Path
    label: int
    kind: str
    line: int


@dataclass(frozen=True)
class ClipList:
    """A list of clips.

    Attributes:
        path: of the list.
        root: folder that its paths are relative to.
        split: ``train``, ``val`` or ``test`` where the list's name begins so, else that name
            without suffix.
        clips: in the order of the list.
        classes: number of classes; labels are 0 .. classes - 1.
        names: of the classes; empty where there is no ``labels.txt``.
    """

    path: Path
    root: Path
    split: str
    clips: tuple[Clip, ...]
    classes: int
    names: tuple[str, ...]


def read_clip_list(path: str | Path, root: str | Path) -> ClipList:
    """Read and check one list; see ``read_clip_lists``."""
    return read_clip_lists([path], root)[0]


def read_clip_lists(paths: Sequence[str | Path], root: str | Path) -> list[ClipList]:
    """Read and check the lists of one data set, which share their classes.

    Without ``labels.txt`` the labels of all lists together define the classes, so that a class
    may be absent from the test list alone.

    Args:
        paths: text files in UTF-8; empty lines do not count.
        root: folder that the paths in them are relative to and must not leave.

    Raises:
        MespotError: a list that is unreadable or empty; a line without label, or whose label is
            no whole number from 0, lies beyond the named classes or leaves a gap below it; a path
            that is missing, leaves ``root``, is no clip, or stands twice in a list. One line with
            file, line number, found and expected.
    """
    root = Path(root)
    lists = [(Path(path), _class_names(Path(path)), _clips(Path(path), root)) for path in paths]
    highest: dict[int, tuple[Path, Clip]] = {}
    for path, names, clips in lists:
        for clip in clips:
            highest.setdefault(clip.label, (path, clip))
            if names and clip.label >= len(names):
                raise MespotError(
                    f"{path}: line {clip.line}: found label {clip.label}, expected 0 to "
                    f"{len(names) - 1}, {CLASS_NAMES} names {len(names)} classes"
                )
    classes = max(highest, default=-1) + 1
    for label in range(classes):
        if label not in highest and not all(names for _, names, _ in lists):
            path, clip = highest[min(other for other in highest if other > label)]
            raise MespotError(
                f"{path}: line {clip.line}: found label {clip.label} but no clip of label {label}, "
                f"expected labels from 0 without a gap, or {CLASS_NAMES} with the names of all"
            )
    return [
        ClipList(path, root, _split(path), clips, len(names) or classes, names)
        for path, names, clips in lists
    ]


def _clips(path: Path, root: Path) -> tuple[Clip, ...]:
    clips: dict[Path, Clip] = {}
    for line, text in _lines(path):
        where = f"{path}: line {line}"
        given, label = _fields(text, where)
        clip = _clip(given, label, line, root, where)
        if clip.path in clips:
            raise MespotError(
                f"{where}: found {given!r} again after line {clips[clip.path].line}, expected each "
                "clip once"
            )
        clips[clip.path] = clip
    if not clips:
        raise MespotError(f"{path}: found an empty list, {_EXPECTED}")
    return tuple(clips.values())


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MespotError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise MespotError(f"{path}: found bytes that are no UTF-8 text, {_EXPECTED}") from error
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip():
            yield line, content.strip()


def _fields(text: str, where: str) -> tuple[str, int]:
    fields = text.rsplit(maxsplit=1)
    # isdecimal also holds for digits of other scripts, which int() reads; a sign it refuses
    if len(fields) != 2 or not fields[1].isdecimal():
        shown = text if len(text) <= 80 else f"{text[:40]}...{text[-37:]}"
        raise MespotError(f"{where}: found {shown!r}, {_EXPECTED}")
    return fields[0], int(fields[1])


def _clip(given: str, label: int, line: int, root: Path, where: str) -> Clip:
    path = inside(given, root)
    if path is None:
        raise MespotError(f"{where}: found {given!r}, expected a path inside {root}")
    if not path.exists():
        named = path.with_name(f"{path.name}.mp4")
        if "." in path.name or not named.exists():
            raise MespotError(f"{where}: {path} is not there, expected the clip {given!r}")
        path = named
    kind = kind_of(path)
    if kind is None:
        raise MespotError(
            f"{where}: found {given!r}, expected a folder of frames, a picture or a video file"
        )
    return Clip(path, label, kind, line)


def _class_names(path: Path) -> tuple[str, ...]:
    names = path.with_name(CLASS_NAMES)
    if not names.is_file():
        return ()
    return tuple(text for _, text in _lines(names))


def _split(path: Path) -> str:
    stem = path.stem.lower()
    return next((split for split in SPLITS if stem.startswith(split)), path.stem)
