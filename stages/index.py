"""Stage `index` of one data set: see `mespot.pipeline.index`."""

from mespot.cli import stage_main
from mespot.pipeline.index import index

if __name__ == "__main__":
    stage_main(index, "dataset")
