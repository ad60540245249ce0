"""Stage `slices` of one data set and slice length: see `mespot.pipeline.slices`."""

from mespot.cli import stage_main
from mespot.pipeline.slices import slices

if __name__ == "__main__":
    stage_main(slices, "dataset", "length")
