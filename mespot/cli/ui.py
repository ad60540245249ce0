"""`mespot ui`."""

from __future__ import annotations

from typing import Annotated

import typer


def ui(
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65535, help="Port; 0 = any that is free.")
    ] = 5000,
    show: Annotated[bool, typer.Option("--open", help="Also open it in the browser.")] = False,
) -> None:
    """Compare runs in the browser: MLflow on this machine, straight at the list of runs.

    The printed address works until Ctrl-C, on this machine only; nothing is sent anywhere. Runs
    from anywhere inside the project.

    Examples:

        mespot ui

        mespot ui --port 5001 --open
    """
    import contextlib
    import signal
    import webbrowser

    from mespot.core.errors import MespotError
    from mespot.core.project import Project
    from mespot.tracking.ui import serve_runs

    home = Project.find().home
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # it ends the server, too
    try:
        with contextlib.suppress(KeyboardInterrupt), serve_runs(home, port) as (address, server):
            typer.echo(address)
            if show:
                webbrowser.open(address)
            if server is not None and server.wait():
                raise MespotError("the MLflow server ended, .work/tracking/ui.log says why")
    finally:
        signal.signal(signal.SIGTERM, before)
