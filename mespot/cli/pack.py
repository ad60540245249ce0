"""`mespot pack`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pack(
    videos: Annotated[Path, typer.Argument(help="List of video files, `<path> [label]` a line.")],
    out: Annotated[Path, typer.Option(help="Folder for shard-000000.tar and so on.")],
    per_shard: Annotated[int, typer.Option(min=1, help="Videos in a shard.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the order of the videos.")] = 7,
) -> None:
    """Pack a million small videos into tar files for pre-training (`pretrain.source: shards`).

    A disk or network drive reads one large file many times faster than a thousand small ones. The
    videos are copied as they are, shuffled once; webdataset reads the same layout. An interrupted
    packing goes on: run the same command again.

    Examples:

        find dev/mp4 -name '*.mp4' | sort > list.txt

        mespot pack list.txt --out /data/voxceleb2_shards
    """
    from mespot.video.shards import pack as pack_videos
    from mespot.video.video_list import VideoList

    found = VideoList(videos)
    shards = pack_videos(found, out, per_shard, seed)
    typer.echo(f"{len(found)} videos in {shards} shards, {out}")
