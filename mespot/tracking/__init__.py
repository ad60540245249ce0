"""MLflow: one run per stage under one parent per pipeline invocation.

Tracking is a service to the reader, never a condition of the work: when the store is away, one
warning is logged and the stage goes on. What a run logged is also kept as a plain record, written
to ``artifacts/runs`` as ``run.json`` (no times, no ids), from which ``mespot runs sync``
back-fills stages that DVC restored from its cache without running them.
"""

from mespot.tracking.invocation import git_tags
from mespot.tracking.names import flatten
from mespot.tracking.run import StageRun, stage_run
from mespot.tracking.store import connect

__all__ = ["StageRun", "connect", "flatten", "git_tags", "stage_run"]
