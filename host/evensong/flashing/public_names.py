"""Public names of the image, made short and few: what is not seen together may be called the same.

MicroPython keeps each identifier once, with hash, length and a place in a pool that doubles: 300 names less are a pool
less. A short name stands for many public ones, but for one only within a family of modules, the smallest unit whose
names may meet in one namespace. Short ones are upper case, as private ones (`_a`) and locals are not.

What something outside of the modules may look up keeps its name: names in strings, names that Python or MicroPython
give a meaning, names of modules, parameters that calls name, and attributes that are set from outside of their class.
"""

from __future__ import annotations

import array
import ast
import asyncio
import binascii
import builtins
import errno
import gc
import hashlib
import io
import itertools
import json
import os
import re
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterable

_OF_PYTHON = (
    *(array, array.array, asyncio, asyncio.AbstractEventLoop, asyncio.Event, asyncio.Lock, asyncio.StreamReader),
    *(asyncio.StreamWriter, asyncio.Task, binascii, builtins, bytearray, bytes, dict, errno, gc, hashlib, Exception),
    *(hashlib.sha256(), int, io, io.FileIO, io.StringIO, json, list, memoryview, os, set, str, struct),
    *(sys, time, tuple),
)
# Of MicroPython's own: asyncio's ThreadSafeFlag, bluetooth.BLE, esp32.Partition, machine's ADC, I2C, Pin, PWM, RTC,
# Signal, WDT; and FlashFile, by which the models of boards find their flash.
_OF_MICROPYTHON = (
    *("active", "addr", "atten", "config", "datetime", "deinit", "duty", "duty_u16", "feed", "find", "freq", "info"),
    *("init", "ioctl", "irq", "lightsleep", "mark_app_valid_cancel_rollback", "mem_alloc", "mem_free", "memory", "off"),
    *("on", "readblocks", "read_uv", "readfrom", "readfrom_into", "readfrom_mem", "readfrom_mem_into", "reset"),
    *("reset_cause", "scan", "set_boot", "threshold", "unique_id", "value", "wait", "wait_closed", "writeblocks"),
    *("writeto", "writeto_mem", "get_next_update", "FlashFile"),
)
_WORD = re.compile(r"\w+")
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def shorten_public(
    modules: dict[str, ast.Module], families: list[list[ast.Module]], beside: Iterable[ast.Module]
) -> None:
    """Change the modules, by dotted name, in place. beside: modules that meet these, but are compiled apart."""
    kept = _kept(modules) | {name for tree in beside for name in _identifiers(tree)}
    seen: Counter[str] = Counter(name for tree in modules.values() for name in _identifiers(tree))
    own = {name for tree in modules.values() for name in _defined(tree)}
    namespaces = [{name for tree in family for name in _in_namespace(tree)} for family in families]
    short_of: dict[str, str] = {}
    taken = set(seen)
    candidates = [name for name, _ in seen.most_common() if name in own and name not in kept and len(name) > 1]
    for name in candidates:
        meets = [names for names in namespaces if name in names]
        used = {short_of[other] for names in meets for other in names if other in short_of}
        short_of[name] = next(short for short in _shorts() if short not in used and short not in taken)
    for tree in modules.values():
        _Renamer(short_of).visit(tree)


def _shorts() -> Iterable[str]:
    for length in itertools.count(1):
        yield from map("".join, itertools.product("ABCDEFGHIJKLMNOPQRSTUVWXYZ", repeat=length))


def _kept(modules: dict[str, ast.Module]) -> set[str]:
    kept = {name for thing in _OF_PYTHON for name in dir(thing)} | set(_OF_MICROPYTHON)
    kept |= {part for module in modules for part in module.split(".")}
    for tree in modules.values():
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(text)):
                    kept |= set(_WORD.findall(text))
                case ast.keyword(arg=str(name)):
                    kept.add(name)
                case ast.Attribute(attr=name, ctx=ast.Store(), value=value) if not _is_self(value):
                    kept.add(name)
                case ast.Import(names=names):
                    kept |= {part for alias in names for part in alias.name.split(".")}
                case ast.ImportFrom(module=module, names=names) if module not in modules:
                    kept |= {alias.name for alias in names}
                case ast.Global(names=names):
                    kept |= set(names)
    return kept


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _identifiers(tree: ast.Module) -> Iterable[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.alias(name=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


def _defined(tree: ast.Module) -> Iterable[str]:
    """Public names that a module gives to its functions, classes, variables and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                public = name
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                public = name
            case _:
                continue
        if not public.startswith("_"):
            yield public


def _in_namespace(tree: ast.Module) -> Iterable[str]:
    """Whatever may be a global of the module or an attribute of its objects."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.alias(name=name) | ast.alias(asname=str(name)):
                yield name
            case ast.Attribute(attr=name, value=value) if _is_self(value):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


class _Renamer(ast.NodeTransformer):
    """Locals keep their names: they are no identifiers once compiled."""

    def __init__(self, short_of: dict[str, str]) -> None:
        self._short_of = short_of
        self._locals: list[set[str]] = []

    def _short(self, name: str) -> str:
        return self._short_of.get(name, name)

    def _global(self, name: str) -> str:
        """Or an attribute: short unless a function that is being visited binds it."""
        return name if any(name in names for names in self._locals) else self._short(name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._global(node.name)
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.name = self._global(node.name)
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._function(node)

    def _function(self, node: _Function) -> ast.AST:
        self._locals.append(_locals(node))
        self.generic_visit(node)
        self._locals.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._short(node.name)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._global(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._short(node.attr)
        return self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        for alias in node.names:
            local = self._global(alias.asname or alias.name)
            alias.name = self._short(alias.name)
            alias.asname = local if local != alias.name else None
        return node


def _locals(function: _Function) -> set[str]:
    """Names that a function binds, not those of functions within it."""
    names = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    waiting: list[ast.AST] = list(function.body) if isinstance(function.body, list) else [function.body]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
                continue
            case ast.Lambda():
                continue
            case ast.Name(id=name, ctx=ast.Store()) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add(asname or name)
        waiting += ast.iter_child_nodes(node)
    return names
