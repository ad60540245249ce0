"""Stage `preprocess` of one data set: see `mespot.pipeline.preprocess`."""

from mespot.cli import stage_main
from mespot.pipeline.preprocess import preprocess

if __name__ == "__main__":
    stage_main(preprocess, "dataset")
