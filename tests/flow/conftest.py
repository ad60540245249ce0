from __future__ import annotations

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    """As `mespot spot` does: threads of small matrices wait for each other on a busy machine."""
    with threadpool_limits(1, user_api="blas"):
        yield
