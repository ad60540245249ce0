"""Settings: ``params.yaml`` read into frozen, checked sections.

One file per section. Section = stage = ``stages/<name>.py`` = ``mespot <name>`` = run name.
"""

from mespot.params.load import Params, load_params, per_dataset

__all__ = ["Params", "load_params", "per_dataset"]
