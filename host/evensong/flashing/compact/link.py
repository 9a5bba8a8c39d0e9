"""Modules that are always loaded together become one: each module costs a dictionary, a path and its imports again.

Every module keeps its own names: what two of them call the same gets another name in one of them.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from .names import PACKAGE, imported

# Not one of all: while a module is loaded, it takes twice its room. `link_ble` is not for every board.
GROUPS = {
    f"{PACKAGE}.{group}": tuple(f"{PACKAGE}.{root}" for root in roots)
    for group, roots in {
        "frames": ("open_frame", "wire"),
        "keeping": ("recorder", "spool"),
        "talk": ("link",),
        "sensing": ("sense.ppg", "sense.counts"),
        "chips": ("boards.chip",),
        "night": ("app",),
    }.items()
}
_Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def link(modules: dict[str, ast.Module], groups: dict[str, tuple[str, ...]] = GROUPS) -> None:
    """Change the modules, by dotted name, in place. groups: a new module's name and the modules that it begins with;
    it gets what these import as well. Raises ValueError if two names would become one."""
    home: dict[str, str] = {}
    for group, roots in groups.items():
        for root in roots:
            for member in _with_imports(root, modules):
                home.setdefault(member, group)
    called: dict[tuple[str, str], str] = {}  # what a module's global is called now
    for group in groups:
        members = [name for name, its in home.items() if its == group]
        taken = set(dir(builtins)).union(*(_imports(modules[name], group, home) for name in members))
        for name in members:
            known = _identifiers(modules[name])
            for own in sorted(_globals(modules[name])):
                fresh = own
                while fresh in taken or (fresh != own and fresh in known):
                    fresh += "_" + name.rpartition(".")[2]
                taken.add(fresh)
                called[name, own] = fresh
    for name, tree in modules.items():
        _Linker(name, tree, home, called).visit(tree)
    for group in groups:
        members = [name for name, its in home.items() if its == group]
        modules[group] = ast.Module(_once([line for name in members for line in modules.pop(name).body]), [])


def _with_imports(root: str, modules: dict[str, ast.Module]) -> list[str]:
    """Without packages; what is imported comes first."""
    found: list[str] = []

    def visit(name: str) -> None:
        if name in found or any(other.startswith(name + ".") for other in modules):
            return
        for statement in modules[name].body:
            for _, module, original in imported(ast.Module([statement], [])):
                if not isinstance(statement, _Scope):
                    inner = f"{module}.{original}"
                    for target in (inner, module):
                        if target in modules:
                            visit(target)
                            break
        if name not in found:
            found.append(name)

    visit(root)
    return found


def _of_module(node: ast.AST) -> Iterator[ast.AST]:
    """What is executed when a module is imported."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _Scope):
            yield from _of_module(child)


def _globals(tree: ast.Module) -> set[str]:
    """What a module gives a value itself."""
    own = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    own |= {node.id for node in _of_module(tree) if isinstance(node, ast.Name) and _is_bound(node)}
    return own


def _is_bound(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _identifiers(tree: ast.Module) -> set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def _imports(tree: ast.Module, group: str, home: dict[str, str]) -> set[str]:
    """Names that a module of this group imports from outside of it."""
    within = {
        local for local, module, name in imported(tree) if group in (home.get(module), home.get(f"{module}.{name}"))
    }
    lines = [node for node in _of_module(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {_local(alias) for line in lines for alias in line.names} - within


def _local(alias: ast.alias) -> str:
    return alias.asname or alias.name


def _once(lines: list[ast.stmt]) -> list[ast.stmt]:
    """Each import only where it comes first. Raises ValueError if one name is imported from two places."""
    source_of: dict[str, str] = {}
    kept: list[ast.stmt] = []
    for line in lines:
        if isinstance(line, (ast.Import, ast.ImportFrom)):
            sources = {_local(alias): f"{getattr(line, 'module', None)}.{alias.name}" for alias in line.names}
            for name, source in sources.items():
                if source_of.get(name, source) != source:
                    raise ValueError(f"{name} is {source} and {source_of[name]} in modules that are linked")
            line.names = [alias for alias in line.names if _local(alias) not in source_of]
            source_of |= sources
            if not line.names:
                continue
        kept.append(line)
    return kept


class _Linker(ast.NodeTransformer):
    """For one module: its own names and those that it imports as they are called now, imports from where they are."""

    def __init__(
        self,
        name: str,
        tree: ast.Module,
        home: dict[str, str],
        called: dict[tuple[str, str], str],
    ) -> None:
        self._home = home
        self._called = called
        self._group = home.get(name, name)
        self._names = {own: fresh for (module, own), fresh in called.items() if module == name}
        self._modules: dict[str, str] = {}  # by local name: linked modules
        for local, module, original in imported(tree):
            whole = f"{module}.{original}"
            if whole in home:
                self._note(self._modules, local, whole)
            elif module in home and home[module] == self._group:
                self._note(self._names, local, called[module, original])
        known = _identifiers(tree) - set(self._names)
        if clash := known & {fresh for own, fresh in self._names.items() if fresh != own}:
            raise ValueError(f"{name} has its own {', '.join(sorted(clash))}")

    @staticmethod
    def _note(names: dict[str, str], local: str, what: str) -> None:
        if names.setdefault(local, what) != what:
            raise ValueError(f"{local} is both {what} and {names[local]} in one module")

    def _refuse_renamed(self, names: set[str], where: str) -> None:
        """Parameters and attributes keep their names."""
        if renamed := {name for name in names if self._names.get(name, name) != name}:
            raise ValueError(f"{', '.join(sorted(renamed))} of {where} is the name of a global that gets another one")

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self._modules:
            raise ValueError(f"{node.id} is a linked module: only what is in it can be used")
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        self._refuse_renamed({node.arg}, "a function")
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            module = self._modules[node.value.id]
            fresh = self._called[module, node.attr]
            if self._home[module] == self._group:
                return ast.Name(fresh, node.ctx)
            node.attr = fresh
            return node
        self.generic_visit(node)
        return node

    def visit_Global(self, node: ast.Global) -> ast.Global:
        node.names = [self._names.get(name, name) for name in node.names]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        attributes = {name.id for name in _of_module(node) if isinstance(name, ast.Name) and _is_bound(name)}
        self._refuse_renamed(attributes, node.name)
        self.generic_visit(node)
        return node

    def visit_Module(self, node: ast.Module) -> ast.Module:
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                statement.name = self._names.get(statement.name, statement.name)
        self.generic_visit(node)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.ImportFrom] | ast.ImportFrom | None:
        if not node.module or node.module.split(".")[0] != PACKAGE:
            return node
        lines: list[ast.ImportFrom] = []
        stay: list[ast.alias] = []
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            local = alias.asname or alias.name
            if whole in self._home:
                group = self._home[whole]
                if group != self._group:
                    lines.append(_from(PACKAGE, group.removeprefix(PACKAGE + "."), local))
            elif node.module in self._home:
                group = self._home[node.module]
                if group != self._group:
                    lines.append(_from(group, self._called[node.module, alias.name], local))
            else:
                stay.append(alias)
        if stay:
            lines.append(ast.ImportFrom(node.module, stay, 0))
        return lines or None


def _from(module: str, name: str, local: str) -> ast.ImportFrom:
    return ast.ImportFrom(module, [ast.alias(name, None if local == name else local)], 0)
