"""Stage `report` of one data set: see `mespot.pipeline.report`."""

from mespot.cli import stage_main
from mespot.pipeline.report import report

if __name__ == "__main__":
    stage_main(report, "dataset")
