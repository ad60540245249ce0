from __future__ import annotations

from tests.faces.conftest import params, scene  # noqa: F401 - fixtures
