"""Stage `synth`: see `mespot.pipeline.synth`."""

from mespot.cli import stage_main
from mespot.pipeline.synth import synth

if __name__ == "__main__":
    stage_main(synth)
