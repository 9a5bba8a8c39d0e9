"""Public names of the image: short, shared between namespaces, and whole wherever somebody else may look them up."""

from __future__ import annotations

import ast
import sys
import types

import pytest

from evensong.flashing.public_names import shorten_public

SPOOL = """
from array import array
class Spool:
    def __init__(self):
        self.held = array("h", (1, 2))
        self.append = 1
    def shown(self, held):
        first_value = held
        return self.held[0] + first_value
    def counted(self):
        return len(self.held)
"""
RECORDER = """
def doubled(of):
    from evensong_firmware.spool import Spool
    counted = Spool().counted()
    return of(counted) * 2
class Recorder:
    def stated(self):
        spool = Spool_of()
        return "named", spool.shown(3)
    def named(self):
        return doubled(lambda counted: counted + 1)
def Spool_of():
    from evensong_firmware.spool import Spool
    return Spool()
"""


def shortened() -> dict[str, str]:
    modules = {"evensong_firmware.spool": ast.parse(SPOOL), "evensong_firmware.recorder": ast.parse(RECORDER)}
    shorten_public(modules, [[tree] for tree in modules.values()], [ast.parse("x.stated()")])
    return {name: ast.unparse(ast.fix_missing_locations(tree)) for name, tree in modules.items()}


def test_names_of_the_package_are_short_and_shared_between_families() -> None:
    spool, recorder = shortened().values()
    for name in ("Spool", "self.held", "def shown", "def counted"):
        assert name not in spool
    for name in ("Recorder", "doubled", "Spool_of", ".shown", ".counted"):
        assert name not in recorder
    assert "held" in spool, "a parameter stays"
    names = [
        node.name for tree in map(ast.parse, (spool, recorder)) for node in ast.walk(tree) if hasattr(node, "name")
    ]
    assert len(set(names)) < len(names)


def test_what_others_may_look_up_stays() -> None:
    spool, recorder = shortened().values()
    assert "self.append" in spool, "lists have it too"
    assert "def named" in recorder, "it is in a string"
    assert "def stated" in recorder, "a module beside these calls it"
    assert "evensong_firmware.spool" in recorder


def test_what_was_shortened_still_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:

    results = []
    for sources in ({"evensong_firmware.spool": SPOOL, "evensong_firmware.recorder": RECORDER}, shortened()):
        for name, source in sources.items():
            module = types.ModuleType(name)
            monkeypatch.setitem(sys.modules, name, module)
            exec(source, module.__dict__)
        classes = [thing for thing in vars(module).values() if isinstance(thing, type)]
        results.append((classes[0]().stated(), classes[0]().named()))
    assert results[0] == results[1] == (("named", 4), 6)
