"""Stage `pretrain`: see `mespot.pipeline.pretrain`."""

from mespot.cli import stage_main
from mespot.pipeline.pretrain import pretrain

if __name__ == "__main__":
    stage_main(pretrain)
