"""Stage `finetune` of one data set: see `mespot.pipeline.finetune`."""

from mespot.cli import stage_main
from mespot.pipeline.finetune import finetune

if __name__ == "__main__":
    stage_main(finetune, "dataset")
