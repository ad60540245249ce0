from __future__ import annotations

from tests.search.conftest import small_grid  # noqa: F401 - fixtures
