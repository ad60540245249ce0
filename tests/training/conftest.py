from __future__ import annotations

import pytest
import torch
from toy_training import finetune_section, make_events, make_faces, make_videos, pretrain_section


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    # on a busy machine threads that wait for each other cost more than they bring
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def faces(tmp_path_factory):
    return make_faces(tmp_path_factory.mktemp("faces"))


@pytest.fixture
def videos():
    return make_videos()


@pytest.fixture
def events():
    return make_events()


@pytest.fixture
def pretrain_params():
    return pretrain_section()


@pytest.fixture
def finetune_params():
    return finetune_section()
