"""A fused system as an MLflow model, from code and plain files: nothing is pickled."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from mespot.params.load import default_params_path

SCRIPT = Path(__file__).resolve().parents[1] / "spotting" / "served_system.py"


def save_served_system(system: Path, folder: Path) -> None:
    """Write the folder of an MLflow model that spots in videos given by path.

    It holds the system, the shipped settings and a script of a few lines; mespot has to be
    installed where it is loaded.

    Args:
        system: folder of a fused system, such as ``artifacts/fuse/<dataset>/system``.
        folder: to write; must not exist.
    """
    from mlflow import pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    pyfunc.save_model(
        str(folder),
        python_model=str(SCRIPT),
        artifacts={"system": str(system), "params": str(default_params_path())},
        # without this list MLflow would run the model to find out what it imports
        pip_requirements=[f"mespot=={metadata.version('mespot')}"],
        signature=ModelSignature(
            inputs=Schema([ColSpec("string", "path"), ColSpec("double", "fps", required=False)]),
            outputs=Schema(
                [
                    *(ColSpec("string", name) for name in ("path", "type")),
                    *(ColSpec("long", name) for name in ("onset", "offset")),
                    *(
                        ColSpec("double", name)
                        for name in ("score", "onset_s", "offset_s", "speech")
                    ),
                ]
            ),
        ),
    )
