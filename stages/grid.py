"""Stage `grid` of one data set: see `mespot.pipeline.grid`."""

from mespot.cli import stage_main
from mespot.pipeline.grid import grid

if __name__ == "__main__":
    stage_main(grid, "dataset")
