"""The hub's Bluetooth adapter, in two halves: its controller stays in the world, its host stack is in the hub's process
(or in the world's own, for tests), and HCI packets travel with the turns, each with its length (u16) before it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from bumble import device, hci
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink, TransportSink

from . import bleak_backend
from .child import Child
from .loop import VirtualLoop
from .radio import Controller, Radio

HUB_ADDRESS = "C4:11:22:33:44:55"


def _with_length(packet: bytes) -> bytes:
    return struct.pack("<H", len(packet)) + bytes(packet)


def _packets(frames: bytes) -> Iterator[bytes]:
    i = 0
    while i < len(frames):
        length = frames[i] | frames[i + 1] << 8
        yield frames[i + 2 : i + 2 + length]
        i += 2 + length


class HubController:
    """The world's half. send: puts frames into the hub's next turn. It is a `world.Sink`."""

    def __init__(self, loop: VirtualLoop, radio: Radio, send: Callable[[bytes], None]) -> None:
        self._loop = loop
        self._radio = radio
        self._send = send
        self._controller = Controller("hub", radio, HUB_ADDRESS)
        self._controller.host = self

    def on_packet(self, packet: bytes) -> None:
        self._send(_with_length(packet))

    def frames_received(self, frames: bytes) -> None:
        for packet in _packets(frames):
            self._loop.call_soon(self._controller.on_packet, packet)

    def process_ended(self) -> None:
        """Power loss."""
        self._radio.power_off(self._controller, self._loop)


class _ToWorld(TransportSink):
    def __init__(self, loop: Child) -> None:
        self._loop = loop

    def on_packet(self, packet: bytes) -> None:
        self._loop.send(_with_length(packet))


class _FromWorld:
    def __init__(self, loop: Child) -> None:
        self._loop = loop
        self.terminated = loop.create_future()  # never: a child whose world is gone ends at once

    def set_packet_sink(self, sink: TransportSink) -> None:
        def arrived(frames: bytes) -> None:
            for packet in _packets(frames):
                self._loop.call_soon(sink.on_packet, packet)

        self._loop.on_frames = arrived


async def install_in_child(loop: Child) -> None:
    """The hub process's half: afterwards plain bleak runs on the virtual radio."""
    host = Host(_FromWorld(loop), _ToWorld(loop))
    await _install(device.Device(name="hub", address=hci.Address(HUB_ADDRESS), host=host))


async def install_in_world(radio: Radio) -> None:
    """Both halves in the world's own process, for a hub that need not be killed."""
    controller = Controller("hub", radio, HUB_ADDRESS)
    host = Host(controller, AsyncPipeSink(controller))
    await _install(device.Device(name="hub", address=hci.Address(HUB_ADDRESS), host=host))


async def _install(bumble: device.Device) -> None:
    await bumble.power_on()
    bleak_backend.install(bumble)
