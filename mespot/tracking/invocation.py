"""The parent run: one per call of DVC, found by every stage that the call starts."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from mespot.tracking.comparison import PIPELINE


def parent_run(client: Any, experiment: str, home: Path, tags: Mapping[str, str]) -> str | None:
    """Return the id of the run of this pipeline invocation; its first stage creates it.

    All stages of one ``dvc repro`` (or ``dvc exp run``) share that process as an ancestor: its id
    and start time name a note below ``.work``. Without such an ancestor there is no parent.
    """
    given = os.environ.get("MESPOT_PARENT_RUN")
    if given:
        return given
    invocation = dvc_ancestor()
    if invocation is None:
        return None
    folder = home / ".work" / "tracking"
    note = folder / f"parent-{invocation[0]}"
    with FileLock(folder / "parent.lock"):
        if note.exists():
            return note.read_text(encoding="utf-8").strip()
        kept = {key: tags[key] for key in tags if key.startswith(("git.", "dvc.exp"))}
        run = client.create_run(
            experiment, run_name=invocation[1], tags={**kept, "stage": PIPELINE}
        )
        note.write_text(run.info.run_id, encoding="utf-8")
        return run.info.run_id


def dvc_ancestor() -> tuple[str, str] | None:
    """Return (key, name) of the ``dvc repro`` or ``dvc exp run`` above this process."""
    found = None
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process().parents():
            words = [Path(word).name for word in process.cmdline()[:6]]
            if "dvc" in words and ("repro" in words or "exp" in words or "queue" in words):
                key = f"{process.pid}-{int(process.create_time() * 1000)}"
                found = (key, "dvc " + ("repro" if "repro" in words else "exp run"))
    return found


def git_tags(root: Path) -> dict[str, str]:
    """Commit of the code and whether it was changed since."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        dirty = bool(git("status", "--porcelain", "--untracked-files=no"))
        return {"git.commit": git("rev-parse", "HEAD"), "git.dirty": str(dirty).lower()}
    except (OSError, subprocess.CalledProcessError):
        return {}
