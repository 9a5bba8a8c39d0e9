"""Private names and parameters share a few short names."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Iterator

from .names import imported

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def shorten_private(modules: dict[str, ast.Module]) -> None:
    """In place, whatever begins with one underscore."""
    shared = _reached_from_outside(modules)
    for family in _families(modules):
        _shorten_private(family, shared)


def shorten_parameters(modules: dict[str, ast.Module]) -> None:
    """In place, of modules that nobody else calls by keyword."""
    nodes = [node for tree in modules.values() for node in ast.walk(tree)]
    keywords = {node.arg for node in nodes if isinstance(node, ast.keyword)}
    for node in nodes:
        if isinstance(node, _Function):
            _shorten_parameters(node, keywords)


def _families(modules: dict[str, ast.Module]) -> list[list[ast.Module]]:
    """Modules whose classes inherit from one another, together: their objects share a namespace."""
    family_of = {name: {name} for name in modules}
    for name, tree in modules.items():
        bases = {local: module for local, module, _ in imported(tree) if module in modules}
        for node in ast.walk(tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                if isinstance(base, ast.Name) and base.id in bases:
                    joined = family_of[name] | family_of[bases[base.id]]
                    family_of |= dict.fromkeys(joined, joined)
    families = {min(family): sorted(family) for family in family_of.values()}
    return [[modules[name] for name in family] for family in families.values()]


def _is_private(name: str) -> bool:
    return len(name) > 1 and name[0] == "_" and not name.startswith("__")


def _short_names(taken: set[str]) -> Iterator[str]:
    for length in itertools.count(1):
        for letters in itertools.product("abcdefghijklmnopqrstuvwxyz", repeat=length):
            name = "".join(letters)
            if name not in taken and name not in {"as", "if", "in", "is", "or", "do"}:
                yield name


def _reached_from_outside(modules: dict[str, ast.Module]) -> set[str]:
    """Private names reached through anything but `self`: these stay as they are."""
    return {
        node.attr
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and _is_private(node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    }


def _shorten_private(family: list[ast.Module], shared: set[str]) -> None:
    """Private names of a family, attributes or not, become _a, _b and so on, the same ones in every family."""
    found: Counter[str] = Counter()
    nodes = [node for tree in family for node in ast.walk(tree)]
    for node in nodes:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] += 1
            case ast.AsyncFunctionDef(name=name) | ast.arg(arg=name):
                found[name] += 1
    private = [name for name, _ in found.most_common() if _is_private(name) and name not in shared]
    short = _short_names({name[1:] for name in found if _is_private(name) and name in shared})
    renamed = {name: f"_{next(short)}" for name in private}
    for node in nodes:
        match node:
            case ast.Name(id=name) if name in renamed:
                node.id = renamed[name]
            case ast.Attribute(attr=name) if name in renamed:
                node.attr = renamed[name]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) if (
                name in renamed
            ):
                node.name = renamed[name]
            case ast.Global(names=names):
                node.names = [renamed.get(name, name) for name in names]


def _shorten_parameters(function: _Function, keywords: set[str | None]) -> None:
    """Parameters that no call names become a, b and so on. Locals cost nothing and stay."""
    inner = [node for node in ast.walk(function) if node is not function]
    if any(isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp)) for node in inner):
        return
    taken = {node.id for node in inner if isinstance(node, ast.Name)}
    parameters = [arg for arg in function.args.args if arg.arg != "self" and arg.arg not in keywords]
    short = _short_names(taken - {arg.arg for arg in parameters})
    renamed = {arg.arg: next(short) for arg in parameters}
    for arg in parameters:
        arg.arg = renamed[arg.arg]
    for node in inner:
        if isinstance(node, ast.Name) and node.id in renamed:
            node.id = renamed[node.id]
