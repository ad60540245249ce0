"""The one error that users see: a single line that says what is wrong and where."""

from __future__ import annotations


class MespotError(Exception):
    """Bad input or state that the user can put right.

    The message is one line: file, row or key, what was found, what is expected. The command line
    prints it and exits with code 1; a traceback appears only under ``--debug``.
    """
