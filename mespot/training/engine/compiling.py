"""``torch.compile`` where it works, the plain network where it does not."""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import nn

log = logging.getLogger(__name__)


class Compiled(nn.Module):
    """A module that is compiled at its first call.

    Without a C++ compiler (CPU) or Triton (CUDA) that call fails; one warning, and the module
    runs as it is. A fault of the module itself shows again in the plain run.

    Args:
        module: what to compile.
    """

    def __init__(self, module: nn.Module):
        super().__init__()
        self.plain = module
        # in a list, so that it is no second child with the same parameters
        self._compiled = [torch.compile(module)]
        self._worked = False

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Call the module."""
        if not self._compiled:
            return self.plain(*inputs)
        try:
            result = self._compiled[0](*inputs)
        except Exception as error:  # noqa: BLE001 - compilers fail in too many ways to name
            if self._worked:
                raise
            first = (str(error).splitlines() or [""])[0] or type(error).__name__
            log.warning("torch.compile does not work here, going on without it (%s)", first)
            self._compiled.clear()
            return self.plain(*inputs)
        self._worked = True
        return result
