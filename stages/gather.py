"""Stage `gather`: see `mespot.pipeline.gather`."""

from mespot.cli import stage_main
from mespot.pipeline.gather import gather

if __name__ == "__main__":
    stage_main(gather)
