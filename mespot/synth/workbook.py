"""Excel workbooks with the same bytes each time."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

from mespot.core.files import atomic_path

_EPOCH = "1980-01-01T00:00:00Z"


def write_workbook(path: Path, sheet: str, rows: Sequence[Sequence[object]]) -> None:
    """Write one sheet; time stamps inside are fixed.

    Args:
        path: ``.xlsx`` file.
        sheet: title of the sheet.
        rows: cells; ``None`` leaves a cell empty.
    """
    book = Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    with (
        zipfile.ZipFile(stream) as source,
        atomic_path(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", _EPOCH.encode(), content)
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
