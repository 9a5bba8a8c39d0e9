"""Bytes to the fields of a Struct, as construct would parse them, in a tenth of its time: the hub decodes whole
nights, and every frame has a header. The layout comes from the construct definition itself (`layout.fields_of`); a test
compares the two on everything. Bytes behind the last field are ignored; missing ones raise `ValueError`.
"""

from __future__ import annotations

import struct
from types import SimpleNamespace

from construct import Struct

from .layout import Field, fields_of

_CODES = {(1, False): "B", (1, True): "b", (2, False): "H", (2, True): "h", (4, False): "I", (4, True): "i"}


class Parser:
    """Of one Struct whose fields of fixed size come first. size: of these."""

    def __init__(self, layout: Struct) -> None:
        fields = fields_of(layout)
        fixed = [field for field in fields if field.size]
        self._tail = fields[len(fixed) :]
        assert not any(field.size for field in self._tail), "a field of fixed size behind one that varies"
        self._names = [field.name for field in fixed]
        self._sliced = [field.name for field in fixed if field.shape == "int" and _format(field).endswith("s")]
        self._struct = struct.Struct("<" + "".join(map(_format, fixed)))
        self.size = self._struct.size

    def parse(self, raw: bytes) -> SimpleNamespace:
        if len(raw) < self.size:
            raise ValueError("it ends early")
        values = dict(zip(self._names, self._struct.unpack_from(raw), strict=True))
        for name in self._sliced:
            values[name] = int.from_bytes(values[name], "little")
        at = self.size
        for field in self._tail:
            end = len(raw)
            if field.shape == "text":
                if at == end or at + 1 + raw[at] > end:
                    raise ValueError("it ends early")
                end = at + 1 + raw[at]
                at += 1
            values[field.name] = raw[at:end]
            at = end
        return SimpleNamespace(**values)


def _format(field: Field) -> str:
    if field.shape == "bytes" or (field.size, field.signed) not in _CODES:
        assert not field.signed, "no odd-sized signed integers"
        return f"{field.size}s"
    return _CODES[field.size, field.signed]
