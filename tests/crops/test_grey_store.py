from __future__ import annotations

import numpy as np
import pytest

from mespot.core.errors import MespotError
from mespot.crops.grey_store import GreyReader, GreyWriter


def crops(count, size=8):
    return np.random.default_rng(0).integers(0, 256, (count, size, size), np.uint8)


def test_crops_come_back_as_they_were(tmp_path):
    wide = np.concatenate([crops(5), crops(5)], axis=2)
    with GreyWriter(tmp_path / "v.grey") as writer:
        for crop in wide:
            writer.append(crop[:, 8:])  # a view with gaps
    reader = GreyReader(tmp_path / "v.grey", 8)
    assert len(reader) == 5
    assert all(np.array_equal(reader.read(i, grey=True), crops(5)[i]) for i in (4, 0, 2))
    for index in (-1, 5):
        with pytest.raises(IndexError, match="of 5"):
            reader.read(index)
    reader.close()


def test_crops_can_be_read_while_others_are_written(tmp_path):
    with GreyWriter(tmp_path / "v.grey") as writer:
        writer.append(crops(2)[0])
        with open(tmp_path / "v.grey", "ab") as other:
            other.write(bytes(5))  # the next one is there in part
        reader = GreyReader(tmp_path / "v.grey", 8, growing=True)
        assert len(reader) == 1 and np.array_equal(reader.read(0), crops(2)[0])
        with pytest.raises(IndexError, match="crop 1 of 1"):
            reader.read(1)
        writer.append(crops(2)[1])
        assert np.array_equal(reader.read(1), crops(2)[1])
        reader.close()


def test_a_failed_writing_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), GreyWriter(tmp_path / "v.grey") as writer:
        writer.append(crops(1)[0])
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_missing_or_cut_file_is_one_line(tmp_path):
    with pytest.raises(MespotError, match="cannot be read"):
        GreyReader(tmp_path / "none.grey", 8)
    (tmp_path / "v.grey").write_bytes(bytes(100))
    with pytest.raises(MespotError, match="found 36 bytes too many"):
        GreyReader(tmp_path / "v.grey", 8)
