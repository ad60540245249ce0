"""What every command shares: log lines, one-line errors, environment."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.logging import RichHandler

from mespot.core.errors import MespotError

FAILED = 1
INTERRUPTED = 130


def set_up(debug: bool = False) -> None:
    """Set up log lines on standard error and switch every phoning home off."""
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "DVC_NO_ANALYTICS"):
        os.environ.setdefault(name, "true")
    # idle threads of torch sleep instead of spinning: on a shared machine spinning costs more
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    handler = RichHandler(
        console=Console(stderr=True),
        show_path=debug,
        show_level=True,
        omit_repeated_times=False,
        log_time_format="%H:%M:%S",
    )
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler], force=True)
    logging.getLogger("mespot").setLevel(logging.DEBUG if debug else logging.INFO)


@contextlib.contextmanager
def one_line_errors(debug: bool = False) -> Iterator[None]:
    """Turn a ``MespotError`` into one line on standard error and exit code 1."""
    try:
        yield
    except MespotError as error:
        if debug:
            raise
        sys.stderr.write(f"mespot: {error}\n")
        raise SystemExit(FAILED) from None
    except KeyboardInterrupt:
        sys.stderr.write("mespot: interrupted; finished parts are kept, run again to go on\n")
        raise SystemExit(INTERRUPTED) from None
