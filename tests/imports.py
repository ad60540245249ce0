"""Import graph of the package, read from the sources without running them."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@functools.cache
def module_file(name: str) -> Path | None:
    """Source of a module of this repository, or None."""
    path = ROOT.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@functools.cache  # every closure reads the same files
def imported(file: Path, module_level: bool = False, type_checking: bool = False) -> frozenset[str]:
    """Modules of this repository that a file imports.

    Args:
        file: source.
        module_level: leave out imports inside functions.
        type_checking: count those that serve type hints alone, too.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        unread = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if unread and not type_checking:
            return
        if module_level and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                found.add(deeper if module_file(deeper) else node.module)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return frozenset(name for name in found if name.split(".")[0] == "mespot" and module_file(name))


def closure(file: Path, module_level: bool = False) -> set[Path]:
    """All files of the package that importing ``file`` brings in, itself included."""
    seen: set[Path] = set()
    todo = [file]
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        seen.add(current)
        # functions of the package itself serve scripts outside of it
        alone = module_level or current == ROOT / "mespot" / "__init__.py"
        for name in imported(current, alone):
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                source = module_file(".".join(parts[:end]))
                if source is not None:
                    todo.append(source)
    return seen
