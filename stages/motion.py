"""Stage `motion` of one data set: see `mespot.pipeline.motion`."""

from mespot.cli import stage_main
from mespot.pipeline.motion import motion

if __name__ == "__main__":
    stage_main(motion, "dataset")
