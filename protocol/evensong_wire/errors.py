"""What can be wrong with a frame. Fields, not prose: whoever catches one decides by type and reports the fields.

WireError
    FrameLengthError    no frame has this many bytes
    CrcError            the bytes are not those that were sent
    MajorVersionError   a version of the wire that this code cannot read
    SealedError         a sealed frame: only its session can open it
    PayloadError        the payload ends early or its coding is damaged
    FieldRangeError     a field that no sender may write, or no frame can carry
    KindError           encode: the header announces another kind than the body is
"""

from __future__ import annotations


class WireError(ValueError):
    """Root of everything that `codec` raises."""


class FrameLengthError(WireError):
    def __init__(self, length: int) -> None:
        super().__init__(f"no frame has {length} bytes")
        self.length = length


class CrcError(WireError):
    def __init__(self, stated: int, computed: int) -> None:
        super().__init__(f"CRC-32 is {computed:08x}, the frame states {stated:08x}")
        self.stated = stated
        self.computed = computed


class MajorVersionError(WireError):
    def __init__(self, major: int) -> None:
        super().__init__(f"wire version {major} is unknown")
        self.major = major


class SealedError(WireError):
    def __init__(self) -> None:
        super().__init__("a sealed frame cannot be read outside its session")


class PayloadError(WireError):
    def __init__(self, kind: int, reason: str) -> None:
        super().__init__(f"payload of kind 0x{kind:02x}: {reason}")
        self.kind = kind
        self.reason = reason


class FieldRangeError(WireError):
    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"{name} cannot be {value}")
        self.name = name
        self.value = value


class KindError(WireError):
    def __init__(self, kind: int, body: str) -> None:
        super().__init__(f"a frame of kind 0x{kind:02x} cannot hold {body}")
        self.kind = kind
        self.body = body
