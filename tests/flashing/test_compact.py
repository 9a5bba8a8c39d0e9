"""The steps that make the firmware small keep what it does. That the whole image does the same is shown elsewhere, by
the same bytes on the radio."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evensong.flashing.compact.calls import unfold
from evensong.flashing.compact.constants import inline
from evensong.flashing.compact.link import link
from evensong.flashing.compact.names import PACKAGE
from evensong.flashing.compact.rename import names_in_flash, names_outside, rename
from evensong.virtual.wearable import SHIM


def parsed(**sources: str) -> dict[str, ast.Module]:
    return {f"{PACKAGE}.{name}": ast.parse(source.replace("FIRMWARE", PACKAGE)) for name, source in sources.items()}


def linked(*roots: str, **sources: str) -> dict[str, ast.Module]:
    modules = parsed(**sources)
    link(modules, {f"{PACKAGE}.whole": tuple(f"{PACKAGE}.{root}" for root in roots)})
    return modules


def run(modules: dict[str, ast.Module], name: str = "whole") -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(ast.unparse(ast.fix_missing_locations(modules[f"{PACKAGE}.{name}"])), found)
    return found


LOW = """
import os
count = 0
def scale(x):
    global count
    count += 1
    return 2 * x
def other():
    return scale(1)
"""
HIGH = """
import os
from FIRMWARE import low
from FIRMWARE.low import scale as twice
def scale(x):
    return 10 * twice(x) + low.other() + low.count
def open(path):
    return os.path.basename(path)
RESULT = scale(3)
"""


def test_linked_modules_keep_their_own_names() -> None:
    modules = linked("high", low=LOW, high=HIGH)
    assert list(modules) == [f"{PACKAGE}.whole"], "both are in it"
    whole = run(modules)
    assert whole["RESULT"] == 10 * 6 + 2 + 2
    assert "open" not in whole, "or another module's call of the built-in function would go there"
    assert ast.unparse(modules[f"{PACKAGE}.whole"]).count("import os") == 1


def test_what_stays_outside_imports_from_the_whole() -> None:
    user = "from FIRMWARE import low\nfrom FIRMWARE.low import scale\nfrom FIRMWARE.high import scale as ten\n"
    user += "from FIRMWARE.late import thing\nX = low.count"
    modules = linked("high", low=LOW, high=HIGH, user=user, late="thing = 1")
    text = ast.unparse(modules[f"{PACKAGE}.user"])
    assert text.splitlines()[0] == f"from {PACKAGE} import whole as low"
    assert f"from {PACKAGE}.whole import scale\n" in text
    assert f"from {PACKAGE}.whole import scale_high as ten" in text
    assert f"from {PACKAGE}.late import thing" in text


def test_a_name_from_another_group_is_not_another_modules_own() -> None:
    modules = parsed(
        low="def f():\n    return 1", high="from FIRMWARE.low import f\nX = f()", more="def f():\n    return 2"
    )
    modules[f"{PACKAGE}.top"] = ast.parse(
        f"from {PACKAGE} import high\nfrom {PACKAGE} import more\nY = more.f() + high.X"
    )
    link(modules, {f"{PACKAGE}.{name}": (f"{PACKAGE}.{root}",) for name, root in (("one", "low"), ("two", "top"))})
    text = ast.unparse(modules[f"{PACKAGE}.two"])
    assert "Y = f_more() + X" in text


@pytest.mark.parametrize(
    ("high", "says"),
    [
        ("from FIRMWARE import low\ndef f():\n    return low", "only what is in it can be used"),
        ("from FIRMWARE.low import scale\nfrom FIRMWARE.low import other as scale", "is both"),
        ("from FIRMWARE.low import scale as s\ndef f():\n    scale = 1\n    return s(scale)", "has its own scale"),
        ("from FIRMWARE.low import scale as s\nclass A:\n    s = 1", "of A is the name of a global"),
        ("from FIRMWARE.low import other\nimport sys as os", "is None.sys and None.os"),
    ],
)
def test_linking_says_when_two_names_would_become_one(high: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        linked("high", low=LOW, high=high)


def test_an_accessor_goes_where_it_is_called() -> None:
    wire = "def low(buffer):\n    'Doc.'\n    return buffer[0] | buffer[1] << 8\ndef many(b):\n    return b[2]\n"
    wire += "def named(b):\n    return LIMIT + b[0]"
    user = "from FIRMWARE import wire\ndef f(frame):\n    return wire.low(frame) + wire.many(frame) + wire.many(frame)"
    user += " + wire.named(frame)\ndef g(frame):\n    return wire.low(frame[1:])"
    once = parsed(wire=wire, user=user.split("\ndef g")[0])
    unfold(once)
    text = ast.unparse(once[f"{PACKAGE}.user"])
    assert "return (frame[0] | frame[1] << 8) + wire.many(frame)" in text
    assert "wire.named(frame)" in text, "LIMIT is not known here"
    twice = parsed(wire=wire, user=user)
    unfold(twice)
    assert "wire.low" in ast.unparse(twice[f"{PACKAGE}.user"])


def test_names_are_exchanged_one_for_one_unless_others_know_them() -> None:
    source = """
class Spool:
    def __init__(self, device, told):
        self.device = device
        self.crowded = told
    def irq(self):
        return self.aside()
    def aside(self):
        return self.crowded
def make(device):
    return Spool(device, told="crowds").irq(), Spool(device, told=len("told")).crowded, "device"
RESULT = make(1)
"""
    modules = parsed(whole=source)
    rename(modules, [f"{PACKAGE}.whole"], parsed(apart="def aside():\n    pass"))
    text = ast.unparse(modules[f"{PACKAGE}.whole"])
    assert run(modules)[next(iter(set(re.findall(r"\n(\w+) = ", text))))] == ("crowds", 4, "device")
    assert not re.search(r"Spool|crowded|make", text)
    assert "device" in text, "it stands in a string"
    assert "def irq(" in text, "Pin has it as well"
    assert "def aside(" in text, "a module that is compiled apart has it as well"
    assert set(re.findall(r"[A-Za-z]\w+", text)) & set(names_in_flash())


def test_the_names_cost_nothing(tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text(
        "import micropython\nclass A: pass\n"
        f"for word in open({str(tmp_path / 'words')!r}).read().split(): getattr(A, word, None)\n"
        "micropython.qstr_info(1)\n"
    )
    (tmp_path / "words").write_text(" ".join((*names_in_flash(), "thisonedoes")))
    command = [sys.executable, "-m", "micropython_unix", str(script)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    kept = set(re.findall(r"^Q\((.*)\)$", said, re.MULTILINE))
    assert "thisonedoes" in kept
    assert not kept & set(names_in_flash())


def test_what_the_chips_modules_define_is_known_to_be_theirs() -> None:
    """The virtual ones have what the firmware uses of the real ones."""
    known = names_outside() | set(names_in_flash())
    for file in ("machine.py", "bluetooth.py"):
        tree = ast.parse((SHIM / file).read_text())
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_":
                assert node.name in known, f"{file}: {node.name}"


def test_a_name_of_a_constant_is_also_free_for_attributes_and_locals() -> None:
    source = """
RATE_HZ = 100
LOW, HIGH = 1, 2
class Chip:
    RATE_HZ = 50
    DOUBLE = 2 * RATE_HZ
    def rate(self):
        return RATE_HZ
def scaled(LOW):
    HIGH = 3
    return LOW + HIGH
RESULT = Chip.RATE_HZ, Chip.DOUBLE, Chip().rate(), scaled(10), RATE_HZ + HIGH
"""
    modules = parsed(whole=source)
    inline(modules)
    found = run(modules)
    assert found["RESULT"] == (50, 100, 100, 13, 102)
    assert "HIGH" not in found, "and those of the module are gone"
