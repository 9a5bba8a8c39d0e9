"""The whole line on one virtual clock: a wearable that plays a tape, the radio, the hub's process, and faults.

The Nexus, if there is one, runs in real time outside; the hub reaches it through fences. The folder holds all that they
keep and say: `wearable/`, `evensong.toml`, `keyring.json`, `journal.sqlite3`, `hub.log`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from evensong.hub.keyring import Keyring

from .adapter import HubController
from .faults import Fault, Kind
from .loop import Stuck
from .radio import Air, Radio
from .wearable import Hardware, Wearable
from .world import Peer, World, last_line

JOURNAL = "journal.sqlite3"  # in the folder, where `hub_config` has to say that it is
KEYRING = "keyring.json"  # likewise
PACKET_S = 0.002  # 251 bytes at 1 Mbit/s, with header and inter-frame spaces (Core 5.4, vol 6, part B, 2.1 and 4.1)
REBOOT_S = 1.0
HUB_AWAY_S = 3.0
STOP_LIMIT_S = 5.0
RETRY_S = 1.0  # a fault that finds nothing to break tries again
LOOK_S = 10.0
AFTERWARDS_LIMIT_S = 12 * 3600.0  # for the last frames, a final night and its upload


class Played(Protocol):
    """What the wearable is given to sense: a tape of samples, or chips."""

    @property
    def end_ms(self) -> int: ...

    def give(self, wearable: Wearable) -> None: ...


class Line:
    """utc_at_zero_ms: UTC at the world's time 0, which is also the wearable's first boot. hub_from_s: when the hub is
    started first."""

    def __init__(
        self,
        world: World,
        folder: Path,
        played: Played,
        hub_config: str,
        utc_at_zero_ms: int,
        hardware: Hardware,
        seed: int,
        hub_from_s: float = 0.0,
    ) -> None:
        self.journal = folder / JOURNAL
        self._world = world
        self._played = played
        self._utc_at_zero_ms = utc_at_zero_ms
        self._seed = seed
        self._failure = ""
        self._hub: Peer | None = None
        self._hub_log = folder / "hub.log"
        self._hub_starts = 0
        self._hub_doomed = self._wearable_doomed = False  # it is about to be ended by us
        self._config = folder / "evensong.toml"
        self._config.touch(mode=0o600)  # it holds the token
        self._config.write_text(hub_config, encoding="utf-8")
        self._radio = Radio(Air(packet_s=PACKET_S))
        self.wearable = Wearable(world, self._radio, folder / "wearable", hardware=hardware)
        self._hub_from_s = hub_from_s
        self.wearable.on_end = self._wearable_ended
        played.give(self.wearable)
        Keyring(folder / KEYRING).add(bytes.fromhex(hardware.device_id), hardware.root)

    async def play(
        self, faults: list[Fault], finished: Callable[[int], bool], progress: Callable[[float], None] = lambda _: None
    ) -> None:
        """Until the tape has been played and `finished` says so, which is asked while every process is idle; it is told
        the device time of the newest boot, in ms, at which the tape ended.

        progress: gets the part that is done, 0 to 1. Raises `Stuck` if it does not end within 12 virtual hours after
        the tape's end, or if a process ends that no fault killed.
        """
        if not self._hub_from_s:
            self._start_hub()
        self._start_wearable()
        if self._hub_from_s:
            self._world.call_at(self._hub_from_s, self._start_hub)
        for fault in faults:
            self._world.call_at(fault.at_us / 1e6, self._strike, fault)
        end_s = self._played.end_ms / 1000
        while True:
            await asyncio.sleep(LOOK_S)
            if self._failure:
                raise Stuck(self._failure)
            now_s = self._world.time()
            progress(min(1.0, now_s / (end_s + 1)))
            if now_s <= end_s:
                continue
            if finished(self._played.end_ms - self.wearable.offset_ms):
                break
            if now_s > end_s + AFTERWARDS_LIMIT_S:
                raise Stuck(
                    f"The replay did not end: {AFTERWARDS_LIMIT_S / 3600:.0f} virtual hours after the last sample the "
                    f"hub still had work; it last said: {last_line(self._hub_log)}"
                )
        await self._stop_hub()

    def _start_wearable(self) -> None:
        self._wearable_doomed = False
        self.wearable.start()

    def _start_hub(self) -> None:
        self._hub_starts += 1
        self._hub_doomed = False
        seed = self._seed * 1000 + self._hub_starts
        arguments = [str(self._config), str(self._utc_at_zero_ms), str(seed)]
        self._hub = self._world.spawn(
            "hub",
            [sys.executable, "-m", "evensong.virtual.hub_process", *arguments],
            _environment(),
            self._hub_log,
            lambda peer: HubController(self._world, self._radio, peer.send),
        )
        self._hub.on_end = self._hub_ended

    async def _stop_hub(self) -> None:
        """SIGTERM, and five virtual seconds to end in order."""
        assert self._hub
        self._hub_doomed = True
        self._hub.terminate()
        await asyncio.sleep(STOP_LIMIT_S)
        if self._hub.alive:
            raise Stuck(f"The hub did not end within {STOP_LIMIT_S:.0f} virtual seconds of SIGTERM.")

    def _hub_ended(self) -> None:
        assert self._hub
        if self._hub.returncode == -signal.SIGKILL:
            self._world.call_later(HUB_AWAY_S, self._start_hub)
        elif not self._hub_doomed:
            self._failure = f"The hub ended by itself, after it said: {last_line(self._hub_log)}"

    def _wearable_ended(self) -> None:
        if self._wearable_doomed:
            self._world.call_later(REBOOT_S, self._start_wearable)
        else:
            self._failure = f"The firmware ended by itself, after it said: {last_line(self.wearable.output)}"

    def _strike(self, fault: Fault) -> None:
        strike = {Kind.LINK: self._lose_link, Kind.REBOOT: self._reboot, Kind.KILL_HUB: self._kill_hub}[fault.kind]
        if strike(fault.worst):
            self._world.event("fault", fault.kind, "at the worst moment" if fault.worst else "now")
        else:
            self._world.call_later(RETRY_S, self._strike, fault)

    # Each returns False if there is nothing to break just now.

    def _lose_link(self, worst: bool) -> bool:
        if worst:
            self._radio.drop_with_next_packet(self.wearable.address)
            return True
        return self._radio.drop(self.wearable.address) > 0

    def _reboot(self, worst: bool) -> bool:
        if not self.wearable.alive or self._wearable_doomed:
            return False
        self._wearable_doomed = True
        if worst:
            self.wearable.kill_unheard()
        else:
            self.wearable.kill()
        return True

    def _kill_hub(self, worst: bool) -> bool:
        if not self._hub or not self._hub.alive or self._hub_doomed:
            return False
        self._hub_doomed = True
        if worst:
            self._hub.kill_unheard()
        else:
            self._hub.kill()
        return True


def _environment() -> dict[str, str]:
    """Without the user's own settings, which would override the replay's."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("EVENSONG_")}
    return {**own, "PYTHONHASHSEED": "0"}
