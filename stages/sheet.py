"""Stage `sheet` of one data set: see `mespot.pipeline.sheet`."""

from mespot.cli import stage_main
from mespot.pipeline.sheet import sheet

if __name__ == "__main__":
    stage_main(sheet, "dataset")
