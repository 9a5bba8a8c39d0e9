"""What nobody refers to is left out."""

from __future__ import annotations

import ast

from .names import uses

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def drop_unused(modules: dict[str, ast.Module]) -> bool:
    """True if something was dropped, because that may leave more unused."""
    used = uses(modules.values())
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
