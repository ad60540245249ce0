from __future__ import annotations

import cv2
import pytest
import torch

from tests.classification.toy_clips import lists, write_lists


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def colour(tmp_path_factory):
    """Folder with lists of folders, videos and stills in three tints."""
    return write_lists(tmp_path_factory.mktemp("colour"))


@pytest.fixture(scope="session")
def colour_lists(colour):
    """Train, validation and test list."""
    return lists(colour)
