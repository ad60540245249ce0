"""Stage `flow` of one data set: see `mespot.pipeline.flow`."""

from mespot.cli import stage_main
from mespot.pipeline.flow import flow

if __name__ == "__main__":
    stage_main(flow, "dataset")
