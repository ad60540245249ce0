"""Stage `adapters`: see `mespot.pipeline.adapters`."""

from mespot.cli import stage_main
from mespot.pipeline.adapters import adapters

if __name__ == "__main__":
    stage_main(adapters)
