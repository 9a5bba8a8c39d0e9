"""A function that is one expression of its parameters, and that one place calls, is put there.

Such are most accessors of the wire's fields: as functions each would take some 100 bytes of the heap.
"""

from __future__ import annotations

import ast
import builtins
import copy

from .names import imported, uses

_BUILTINS = set(dir(builtins))


def unfold(modules: dict[str, ast.Module]) -> None:
    """Change the calls, by dotted name of the module, in place; the functions are left to `unused`."""
    used = uses(modules.values())
    functions = {
        f"{module}.{node.name}": node
        for module, tree in modules.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and used[node.name] == 1 and _is_expression(node)
    }
    for tree in modules.values():
        aliases = {local: f"{module}.{name}" for local, module, name in imported(tree)}
        _Unfolder(functions, aliases).visit(tree)


def _result(function: ast.FunctionDef) -> ast.expr | None:
    last = function.body[-1]
    return last.value if isinstance(last, ast.Return) else None


def _is_expression(function: ast.FunctionDef) -> bool:
    """Nothing but a docstring and a return of what only parameters and built-in names make."""
    said = function.body[0]
    docstring = isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant)
    result = _result(function)
    if result is None or len(function.body) != 1 + docstring or function.args.defaults:
        return False
    inner = list(ast.walk(result))
    if any(isinstance(node, (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.DictComp, ast.SetComp)) for node in inner):
        return False
    known = {arg.arg for arg in function.args.args} | _BUILTINS
    return all(node.id in known for node in inner if isinstance(node, ast.Name))


class _Unfolder(ast.NodeTransformer):
    """functions: by whole name. aliases: whole names by local name."""

    def __init__(self, functions: dict[str, ast.FunctionDef], aliases: dict[str, str]) -> None:
        self._functions = functions
        self._aliases = aliases

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        function = self._functions.get(self._whole_name(node.func))
        if function is None or node.keywords or not all(isinstance(arg, (ast.Name, ast.Constant)) for arg in node.args):
            return node
        result = _result(function)
        assert result
        given = {arg.arg: value for arg, value in zip(function.args.args, node.args, strict=True)}
        return _Filler(given).visit(copy.deepcopy(result))  # type: ignore[no-any-return]

    def _whole_name(self, called: ast.expr) -> str:
        match called:
            case ast.Attribute(value=ast.Name(id=alias), attr=name) if alias in self._aliases:
                return f"{self._aliases[alias]}.{name}"
            case ast.Name(id=name) if name in self._aliases:
                return self._aliases[name]
        return ""


class _Filler(ast.NodeTransformer):
    def __init__(self, given: dict[str, ast.expr]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self._given.get(node.id, node))
