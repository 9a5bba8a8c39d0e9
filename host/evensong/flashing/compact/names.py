"""What the steps ask of names: which come from where, and how often each is used."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

PACKAGE = "evensong_firmware"


def imported(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """(local name, module, name in it) of the package's own names, wherever they are imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            for alias in node.names:
                yield alias.asname or alias.name, node.module, alias.name


def uses(trees: Iterable[ast.Module]) -> Counter[str]:
    """How often each name is read, reached as an attribute or imported, whatever it belongs to."""
    used: Counter[str] = Counter()
    for tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name) | ast.alias(name=name):
                    used[name] += 1
    return used
