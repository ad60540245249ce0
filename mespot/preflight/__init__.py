"""Checks before a long run: of the project, and of one data set."""

from mespot.preflight.dataset import DatasetCheck, check_dataset
from mespot.preflight.finding import Finding
from mespot.preflight.run import preflight

__all__ = ["DatasetCheck", "Finding", "check_dataset", "preflight"]
