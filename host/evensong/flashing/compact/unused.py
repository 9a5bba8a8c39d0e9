"""What nobody refers to is left out."""

from __future__ import annotations

import ast
from collections import Counter

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def drop_unused(modules: dict[str, ast.Module]) -> bool:
    """True if something was dropped, because that may leave more unused."""
    used: Counter[str] = Counter()
    for tree in modules.values():
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name) | ast.alias(name=name):
                    used[name] += 1
    dropped = False
    for tree in modules.values():
        holders: list[ast.Module | ast.ClassDef] = [tree]
        holders += [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        for holder in holders:
            kept = [
                statement
                for statement in holder.body
                if not isinstance(statement, _Definition)
                or used[statement.name]
                or (statement.name.startswith("__") and statement.name.endswith("__"))
            ]
            dropped |= len(kept) < len(holder.body)
            holder.body = kept or [ast.Pass()]
    return dropped
