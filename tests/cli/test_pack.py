from __future__ import annotations

from mespot.video.shards import Shards


def test_videos_are_packed_and_counted(run, tmp_path):
    lines = []
    for row in range(5):
        (tmp_path / f"{row}.mp4").write_bytes(b"video %d" % row)
        lines.append(f"{row}.mp4 0\n")
    (tmp_path / "list.txt").write_text("".join(lines))
    out = tmp_path / "shards"
    code, text, _ = run("pack", tmp_path / "list.txt", "--out", out, "--per-shard", "2")
    assert code == 0 and text == f"5 videos in 3 shards, {out}\n"
    assert len(Shards(out, tmp_path / "table.npz", 1)) == 5
