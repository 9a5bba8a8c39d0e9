"""Names that MicroPython has anyway, for the firmware's own: then no name costs memory.

MicroPython keeps every identifier once. Those of its own modules lie in flash; each further one takes some 20 bytes of
the heap, and the table that lists them doubles when it is full. So each name that the firmware defines is exchanged,
one for one and everywhere, for one that is in flash already and that the firmware does not use: the code is the same
but for its spelling. Names that anything outside of the firmware defines, or that stand in a string, stay.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_BY_NAME = {"FlashFile", "run"}  # reached from outside: by the virtual esp32, by `evensong flash`


@cache
def names_in_flash() -> tuple[str, ...]:
    """The ones that cost nothing."""
    return tuple(_listed("names_in_flash.txt"))


@cache
def names_outside() -> frozenset[str]:
    """Attributes, parameters and functions of the chip's own modules."""
    return frozenset(_listed("names_outside.txt"))


def _listed(file: str) -> list[str]:
    lines = (_HERE / file).read_text(encoding="ascii").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def rename(modules: dict[str, ast.Module], first: list[str], others: dict[str, ast.Module]) -> None:
    """In place. first: the modules whose names matter most, because they are always loaded. others: modules of the
    firmware that are compiled apart: what they define is called the same."""
    stay = _texts(modules) | names_outside() | set(names_in_flash()) | _BY_NAME
    stay = stay.union(*map(_defined, others.values()))
    stay |= {part for module in modules for part in module.split(".")}
    order = sorted(modules, key=lambda module: module not in first)
    _exchange(modules, [name for module in order for name in _defined(modules[module]) if name not in stay])


def rename_private(modules: dict[str, ast.Module]) -> None:
    """In place, only what is private: of modules whose other names are known outside."""
    texts = _texts(modules)
    defined = [name for tree in modules.values() for name in _defined(tree)]
    _exchange(modules, [name for name in defined if name[0] == "_" and name not in texts])


def _texts(modules: dict[str, ast.Module]) -> set[str]:
    constants = [node for tree in modules.values() for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {constant.value for constant in constants if isinstance(constant.value, str)}


def _exchange(modules: dict[str, ast.Module], own: list[str]) -> None:
    used = {name for tree in modules.values() for name in _all(tree)}
    free = [name for name in names_in_flash() if name not in used and not name.startswith("__")]
    ours = dict.fromkeys(name for name in own if not name.startswith("__"))
    fresh = dict(zip(ours, free, strict=False))  # where there are too few, the last ones keep theirs
    for tree in modules.values():
        _rename(tree, fresh)


def _all(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=asname):
                found |= {asname or name, *name.split(".")}
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.ImportFrom(module=str(module)):
                found |= set(module.split("."))
    return found


def _defined(tree: ast.Module) -> dict[str, None]:
    """In order of the text. Variables of functions are no identifiers at run time, but what they are called may be the
    name of something else as well, so they are among them."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = None
            case ast.arg(arg=name):
                found[name] = None
            case ast.Attribute(attr=name, ctx=ast.Store()):
                found[name] = None
        if isinstance(node, (ast.Module, ast.ClassDef)):
            for inner in _directly(node):
                found[inner] = None
    return found


def _directly(node: ast.Module | ast.ClassDef) -> list[str]:
    """Names that the body of a module or class gives a value."""
    return [
        name.id
        for statement in node.body
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        for name in ast.walk(statement)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    ]


def _rename(tree: ast.Module, fresh: dict[str, str]) -> None:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name):
                node.id = fresh.get(name, name)
            case ast.Attribute(attr=name):
                node.attr = fresh.get(name, name)
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                node.arg = fresh.get(name, name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                node.name = fresh.get(name, name)
            case ast.ExceptHandler(name=str(name)):
                node.name = fresh.get(name, name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                node.names = [fresh.get(name, name) for name in names]
            case ast.alias(name=name, asname=asname):
                # what is imported from outside keeps its name; here it may be called otherwise
                node.name = fresh.get(name, name)
                node.asname = fresh.get(asname, asname) if asname else None
