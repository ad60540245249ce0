from __future__ import annotations

import tests.evaluation.conftest  # noqa: F401 - its settings
