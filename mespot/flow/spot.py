"""The flow branch on whole videos and data sets: crops in, signals and intervals out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mespot.faces.archive import CropReader
from mespot.faces.track import FaceTrack
from mespot.files import write_csv
from mespot.fingerprint import fingerprint, fingerprint_files
from mespot.flow.intervals import find_intervals
from mespot.flow.signals import measure
from mespot.parallel import map_videos
from mespot.params.flow import FlowParams

