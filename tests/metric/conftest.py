from __future__ import annotations

from hypothesis import settings

# no time limit per example, the same examples each run: a busy machine must not fail a test
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
