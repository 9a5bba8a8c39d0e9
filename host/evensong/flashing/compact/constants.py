"""Integer constants put where they are used, over all modules at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeVar

from .names import imported

_Scope = TypeVar("_Scope", ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

_OPERATORS = {
    ast.Add: int.__add__,
    ast.Sub: int.__sub__,
    ast.Mult: int.__mul__,
    ast.FloorDiv: int.__floordiv__,
    ast.LShift: int.__lshift__,
    ast.RShift: int.__rshift__,
    ast.BitOr: int.__or__,
    ast.BitAnd: int.__and__,
}


def inline(modules: dict[str, ast.Module]) -> None:
    """Change the modules, by dotted name, in place. A constant is upper case and is given an integer once, by an
    expression of integers and other constants."""
    constants = _constants(modules)
    for name, tree in modules.items():
        _Inliner(name, tree, constants).visit(tree)


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Upper-case names that a statement of a module gives a value, with the value."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return
    target, value = statement.targets[0], statement.value
    pairs = [(target, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = list(zip(target.elts, value.elts, strict=True))
    for name, expression in pairs:
        if isinstance(name, ast.Name) and name.id.isupper():
            yield name.id, expression


def _constants(modules: dict[str, ast.Module]) -> dict[str, dict[str, int]]:
    known: dict[str, dict[str, int]] = {name: {} for name in modules}
    while True:
        before = sum(map(len, known.values()))
        for name, tree in modules.items():
            for local, module, original in imported(tree):
                if original in known.get(module, {}):
                    known[name].setdefault(local, known[module][original])
            for statement in tree.body:
                for constant, expression in _assigned(statement):
                    number = _value(expression, known[name])
                    if number is not None:
                        known[name].setdefault(constant, number)
        if sum(map(len, known.values())) == before:
            return known


def _value(node: ast.expr, known: dict[str, int]) -> int | None:
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.Name(id=name):
            return known.get(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            negated = _value(operand, known)
            return None if negated is None else -negated
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            sides = _value(left, known), _value(right, known)
            if sides[0] is not None and sides[1] is not None:
                return int(_OPERATORS[type(operator)](sides[0], sides[1]))
    return None


def _stored(function: ast.AST) -> set[str]:
    """Names to which a function gives a value, parameters included."""
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}


class _Inliner(ast.NodeTransformer):
    def __init__(self, name: str, tree: ast.Module, constants: dict[str, dict[str, int]]) -> None:
        self._own = constants[name]
        self._of = constants
        self._aliases = {
            local: f"{module}.{original}"
            for local, module, original in imported(tree)
            if f"{module}.{original}" in constants
        }

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._own:
            return ast.Constant(self._own[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id in self._aliases:
            value = self._of[self._aliases[node.value.id]].get(node.attr)
            if value is not None:
                return ast.Constant(value)
        self.generic_visit(node)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        node.names = [alias for alias in node.names if (alias.asname or alias.name) not in self._own]
        return node if node.names else None

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Only here are they constants: an attribute of a class, or a local, may have the same name."""
        node.body = [each for each in node.body if not self._is_inlined(each)]
        self.generic_visit(node)
        return node

    def _is_inlined(self, statement: ast.stmt) -> bool:
        names = [name for name, _ in _assigned(statement)]
        return bool(names) and all(name in self._own for name in names)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        return self._scope(node, {name for each in node.body for name, _ in _assigned(each)})

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return self._scope(node, _stored(node))

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return self._scope(node, _stored(node))

    def _scope(self, node: _Scope, names: set[str]) -> _Scope:
        """Names that this scope gives a value mean that value in it. (Methods see the module's own again; no method of
        the firmware lies within a function.)"""
        before, self._own = self._own, {name: value for name, value in self._own.items() if name not in names}
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    inner, self._own = self._own, before
                    self.visit(each)
                    self._own = inner
                else:
                    self.visit(each)
        else:
            self.generic_visit(node)
        self._own = before
        return node
