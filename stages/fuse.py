"""Stage `fuse` of one data set: see `mespot.pipeline.fuse`."""

from mespot.cli import stage_main
from mespot.pipeline.fuse import fuse

if __name__ == "__main__":
    stage_main(fuse, "dataset")
