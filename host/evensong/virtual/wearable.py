"""One virtual wearable: a folder that survives its boots, and the firmware process of each boot.

The folder holds `flash` (the file that is the wearable's flash chip), the firmware's settings and keys, the weights of
its live stager, `tape` and `output.log`. A boot is a fresh MicroPython process (or CPython where there is no
MicroPython wheel) in the world: `start`, `kill` and `start` again.

What the firmware's virtual board finds in its environment:
EVENSONG_TAPE            the tape it plays (docs/architecture.md)
EVENSONG_TAPE_OFFSET_MS  timeline time at this boot
EVENSONG_FLASH           the flash chip's file
EVENSONG_HOME            the wearable's folder
EVENSONG_DEVICE_ID       16 hex digits
EVENSONG_MACHINE         with chips: what MicroPython calls the board they are soldered to
EVENSONG_CHIPS_FD        with chips: the line to them (chips/line.py)
EVENSONG_RTC_S           unix seconds by a clock that ran through the reset; tests and replays set it
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Literal

import evensong_firmware
from evensong.keys import WEARABLE_KEY_FILE, wearable_key_file
from evensong.staging.student import shipped_student

from .chips.line import FD_VARIABLE as CHIPS_FD
from .chips.line import ChipsLine
from .gateway import Gateway
from .interpreters import Interpreter, command_of, default_interpreter
from .radio import Radio
from .world import Peer, World

SHIM = Path(str(files("evensong.virtual"))) / "micropython"
FIRMWARE = Path(next(iter(evensong_firmware.__path__)))


@dataclass(frozen=True)
class Hardware:
    """What differs between one wearable and the next.

    device_id: 16 hex digits. mtu: the largest ATT MTU its radio agrees to. drift_ppm: how much faster than the world
    its clock runs. ticks0_ms: where `ticks_ms` starts at each boot (it wraps at 2**30). epoch_year: 2000 as the
    ESP32, or 1970. seed: of its random bytes, and of the secret on its label. heap_kib: None for the port's own
    default. keyed: it was flashed with a key; without, it talks to anybody if its settings say so.
    """

    device_id: str = "e5e700000000a001"
    mtu: int = 247
    drift_ppm: int = 0
    ticks0_ms: int = 0
    epoch_year: Literal[1970, 2000] = 2000
    seed: int = 1
    heap_kib: int | None = None
    keyed: bool = True
    interpreter: Interpreter = field(default_factory=default_interpreter)

    @property
    def root(self) -> bytes:
        """The secret on its label: no secret, but the same in every replay."""
        return hashlib.sha256(f"virtual label {self.seed} {self.device_id}".encode()).digest()

    @property
    def address(self) -> str:
        """A static random address (Core 5.4, vol 6, part B, 1.3.2.1), from the device id's last six bytes."""
        low = bytes.fromhex(self.device_id)[2:]
        return ":".join(f"{byte:02X}" for byte in bytes([low[0] | 0xC0]) + low[1:])


class Wearable:
    """main: the script that the board starts, on a board with this hardware. extra: further environment, for tests."""

    def __init__(
        self,
        world: World,
        radio: Radio,
        folder: Path,
        main: Path = FIRMWARE / "main.py",
        hardware: Hardware | None = None,
        **extra: str,
    ) -> None:
        self.hardware = hardware or Hardware()
        folder = folder.absolute()  # a board with chips starts within it
        self.folder = folder
        self.flash = folder / "flash"
        self.tape = folder / "tape"
        self.output = folder / "output.log"
        self.boots = 0
        self.offset_ms = 0  # timeline time at the newest boot
        self.gateway: Gateway | None = None
        self.chips: ChipsLine | None = None  # then the firmware runs the board that these are soldered to
        self.on_end: Callable[[], None] = lambda: None  # the firmware's process ended, killed or not
        self._world = world
        self._radio = radio
        self._main = main
        self.extra = extra
        self._peer: Peer | None = None
        self._powered_us = 0  # the first boot: timeline 0
        folder.mkdir(parents=True, exist_ok=True)
        key_file = folder / WEARABLE_KEY_FILE
        if self.hardware.keyed and not key_file.exists():  # as flashing leaves it
            key_file.write_bytes(wearable_key_file(self.hardware.root, bytes.fromhex(self.hardware.device_id)))
        (folder / "live.weights").write_bytes(shipped_student().weights)

    def run_image(self, image: Path) -> None:
        """Run the firmware as boards are given it. image: a folder with `firmware` and `shim`, both compiled."""
        self._main = self.folder / "start.py"
        self._main.write_text("import evensong_firmware.main\n", encoding="utf-8")
        self.extra["MICROPYPATH"] = f"{image / 'shim'}:.frozen:{image / 'firmware'}"

    @property
    def address(self) -> str:
        return self.hardware.address

    @property
    def alive(self) -> bool:
        return bool(self._peer and self._peer.alive)

    def timeline_ms(self) -> int:
        """The wearable's own axis: 0 at its first boot, at the rate of its own clock."""
        if not self.boots:
            return 0
        return (self._world.now_us - self._powered_us) * (1_000_000 + self.hardware.drift_ppm) // 1_000_000_000

    def start(self) -> None:
        """Power on, now."""
        assert not self.alive
        if not self.boots:
            self._powered_us = self._world.now_us
        self.offset_ms = self.timeline_ms()
        self.boots += 1

        def gateway(peer: Peer) -> Gateway:
            self.gateway = Gateway(self._world, self._radio, self.address, peer.send)
            return self.gateway

        environment = self._environment()
        with contextlib.ExitStack() as stack:
            fds = []
            if self.chips:
                line = stack.enter_context(self.chips.plug(self._world.now_us))
                fds = [line.fileno()]
                environment |= {CHIPS_FD: str(line.fileno()), "EVENSONG_MACHINE": self.chips.wiring.machine}
            self._peer = self._world.spawn("wearable", self._command(), environment, self.output, gateway, fds)
        self._peer.on_end = self.on_end

    def kill(self) -> None:
        """Power off, now, whatever it was doing."""
        if self._peer:
            self._peer.kill()

    def kill_unheard(self) -> None:
        """Power off after its next write to flash or radio, of which the radio hears nothing."""
        if self._peer:
            self._peer.kill_unheard()

    def _command(self) -> list[str]:
        command = command_of(self.hardware.interpreter)
        if self.hardware.interpreter == "cpython":
            return [*command, "-m", "evensong.virtual.cpython_wearable", str(self._main)]
        heap = ["-X", f"heapsize={self.hardware.heap_kib}K"] if self.hardware.heap_kib else []
        return [*command, *heap, str(self._main)]

    def _environment(self) -> dict[str, str]:
        hardware = self.hardware
        seed = zlib.crc32(f"{hardware.seed} {hardware.device_id} {self.boots}".encode()) | 1
        return {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONHASHSEED": "0",
            "MICROPYPATH": f"{SHIM}:.frozen:{FIRMWARE.parent}",
            "VCLOCK_PPM": str(hardware.drift_ppm),
            "VCLOCK_TICKS0": str(hardware.ticks0_ms),
            "VCLOCK_EPOCH_YEAR": str(hardware.epoch_year),
            "VCLOCK_SEED": str(seed),
            "MPBLE_MTU": str(hardware.mtu),
            **({"EVENSONG_TAPE": str(self.tape)} if self.tape.exists() else {}),
            "EVENSONG_TAPE_OFFSET_MS": str(self.offset_ms),
            "EVENSONG_FLASH": str(self.flash),
            "EVENSONG_HOME": str(self.folder),
            "EVENSONG_DEVICE_ID": hardware.device_id,
            **self.extra,
        }
