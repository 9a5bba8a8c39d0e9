"""The virtual radio: Bumble controllers on one link, with what real air does to them.

`Air` says what a packet costs: time on the air, delay, and loss, which BLE answers by sending again at the next
connection interval until the supervision timeout ends the link. Packets under way when a link ends are lost, although
the sender's stack had taken them. `Radio.drop` ends a link at any instant.

Bumble's own controller (0.0.236) has gaps that are closed here: no scan responses and no RSSI in its link's
advertising, a cancelled connection attempt that stays pending, no supervision timeout, 27-byte ACL packets.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass, field
from typing import Any

from bumble import controller, hci, link, ll

SUPERVISION_S = 0.42
INTERVAL_S = 0.03  # connection interval: a lost packet is sent again after it
DEFAULT_RSSI_DBM = -50
_TIMEOUT = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
_log = logging.getLogger(__name__)


@dataclass
class Air:
    """packet_s: time on the air of each data packet, one after the other. delay_s: what it takes besides. loss:
    probability that one attempt is lost, drawn from a generator of its own (seed)."""

    packet_s: float = 0.0
    delay_s: float = 0.0
    loss: float = 0.0
    seed: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  weather, not secrets

    @property
    def perfect(self) -> bool:
        return not (self.packet_s or self.delay_s or self.loss)

    def retries_s(self) -> float:
        """Seconds lost to attempts that failed."""
        waited = 0.0
        while self.loss and self._random.random() < self.loss and waited <= SUPERVISION_S:
            waited += INTERVAL_S
        return waited


@dataclass
class Advertisement(ll.AdvInd):
    """Bumble's own PDU carries no scan response."""

    scan_response: bytes
    connectable: bool


class _Ordered(dict[Any, None]):
    """A set whose order does not depend on where objects lie in memory."""

    def add(self, item: Any) -> None:
        self.setdefault(item)

    def remove(self, item: Any) -> None:
        del self[item]

    def discard(self, item: Any) -> None:
        self.pop(item, None)


class Radio(link.LocalLink):
    """rssi_dbm: signal strength by address, as scanners see it."""

    def __init__(self, air: Air | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.air = air or Air()
        self.rssi_dbm: dict[str, int] = {}
        self.controllers: Any = _Ordered()
        self.doomed: set[str] = set()
        self.centrals = _Ordered()  # those that ever scanned or connected: only these need to hear advertisers

    def send_advertising_pdu(self, _: controller.Controller, packet: ll.AdvertisingPdu) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(packet, ll.ConnectInd):
            if advertiser := self.find_le_controller(packet.advertiser_address):
                loop.call_soon(advertiser.on_ll_advertising_pdu, packet)
            return
        for central in self.centrals:
            if central.le_scan_enable or central.pending_le_connection:
                loop.call_soon(central.on_ll_advertising_pdu, packet)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        if self.find_le_controller(receiver_address):  # else nobody hears it
            super().send_ll_control_pdu(sender_address, receiver_address, packet)

    def drop(self, address: str) -> int:
        """The wearable (or hub) of this address is out of range: both ends see a supervision timeout now. Returns the
        number of links that ended."""
        ended = 0
        for end in list(self.controllers):
            for connection in list(end.le_connections.values()):
                if plain(connection.self_address) == address:
                    ended += 1
                if address in (plain(connection.self_address), plain(connection.peer_address)):
                    end.on_le_disconnected(connection, _TIMEOUT)
        return ended

    def drop_with_next_packet(self, address: str) -> None:
        """The link of this address ends in the middle of its next packet, which is lost."""
        self.doomed.add(address)

    def power_off(self, gone: Controller, loop: asyncio.AbstractEventLoop) -> None:
        """A controller without power: it is silent at once, and whoever was connected notices a supervision timeout
        later."""
        gone.le_legacy_advertiser.stop()
        gone.host = None
        self.centrals.discard(gone)
        self.remove_controller(gone)
        for connection in gone.le_connections.values():
            for other in self.controllers:
                half = other.le_connections.get(connection.self_address)
                if half and half.self_address == connection.peer_address:
                    loop.call_later(SUPERVISION_S, other.on_le_disconnected, half, _TIMEOUT)
        gone.le_connections.clear()


class Controller(controller.Controller):
    le_acl_data_packet_length = 251  # as the ESP32 and every current host
    total_num_le_acl_data_packets = 12
    # legacy advertising only, as the original ESP32
    le_features = controller.Controller.le_features & ~hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    link: Radio

    def __init__(self, name: str, radio: Radio, address: str) -> None:
        super().__init__(name, link=radio)
        self.random_address = hci.Address(address)
        self.le_legacy_advertiser.send_advertising_data = self._advertise  # type: ignore[method-assign]
        self._air_free_at_s = 0.0
        self._last_arrival_s = 0.0

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        # Bumble's own formats every packet for a debug line, logged or not
        if self.host:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        if isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)
        else:
            super().on_hci_packet(packet)

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        """The completion event waits for the packet's arrival, so the sender's buffers fill."""
        connection = self.find_le_connection_by_handle(packet.connection_handle)
        if connection is None:
            return  # the link ended while the packet was on its way here
        if (own := plain(connection.self_address)) in self.link.doomed:
            self.link.doomed.remove(own)
            self.link.drop(own)
            return
        air = self.link.air
        if air.perfect:
            connection.on_hci_acl_data_packet(packet)
            return
        loop = asyncio.get_running_loop()
        retries_s = air.retries_s()
        if retries_s > SUPERVISION_S:
            loop.call_later(SUPERVISION_S, self._lose, connection)
            return
        self._air_free_at_s = max(loop.time(), self._air_free_at_s) + air.packet_s + retries_s
        # asyncio does not keep the order of equal deadlines
        self._last_arrival_s = max(self._air_free_at_s + air.delay_s, self._last_arrival_s + 1e-6)
        loop.call_at(self._last_arrival_s, self._arrive, connection, packet)

    def _arrive(self, connection: controller.Connection, packet: hci.HCI_AclDataPacket) -> None:
        if self.le_connections.get(connection.peer_address) is connection:  # else: lost with the link
            connection.on_hci_acl_data_packet(packet)

    def _lose(self, connection: controller.Connection) -> None:
        if self.le_connections.get(connection.peer_address) is connection:
            self.link.drop(plain(connection.self_address))

    def _advertise(self) -> None:
        own = self.le_legacy_advertiser
        if own.enabled:
            connectable = own.advertising_type == hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType.ADV_IND
            self.send_advertising_pdu(
                Advertisement(own.address, bytes(own.advertising_data), bytes(own.scan_response_data), connectable)
            )

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        if not isinstance(pdu, Advertisement):
            return
        report = hci.HCI_LE_Advertising_Report_Event
        address = pdu.advertiser_address
        if self.le_scan_enable:
            kind = report.EventType.ADV_IND if pdu.connectable else report.EventType.ADV_NONCONN_IND
            heard = [(kind, pdu.data)]
            if self.le_scan_type and pdu.connectable:
                heard.append((report.EventType.SCAN_RSP, pdu.scan_response))
            for event_type, advertised in heard:
                self.send_hci_packet(
                    report(
                        [
                            report.Report(
                                event_type=event_type,
                                address_type=address.address_type,
                                address=address,
                                data=advertised,
                                rssi=self.link.rssi_dbm.get(plain(address), DEFAULT_RSSI_DBM),
                            )
                        ]
                    )
                )
        wanted = self.pending_le_connection
        if wanted and wanted.peer_address == address and pdu.connectable:
            self.create_le_connection(address)

    def on_le_connect_ind(self, packet: ll.ConnectInd) -> None:
        stale = self.le_connections.get(packet.initiator_address)
        if stale and self.le_legacy_advertiser.enabled:  # half-open: the same central lost power and came back
            self.on_le_disconnected(stale, _TIMEOUT)
        super().on_le_connect_ind(packet)

    def on_hci_le_set_scan_enable_command(self, command: Any) -> Any:
        self.link.centrals.add(self)
        return super().on_hci_le_set_scan_enable_command(command)

    def on_hci_le_create_connection_command(self, command: Any) -> Any:
        self.link.centrals.add(self)
        return super().on_hci_le_create_connection_command(command)

    def on_hci_le_extended_create_connection_command(self, command: Any) -> Any:
        self.link.centrals.add(self)
        return super().on_hci_le_extended_create_connection_command(command)

    def on_hci_le_create_connection_cancel_command(self, _: Any) -> Any:
        # Core 5.4, vol 4, part E, 7.8.13: a cancelled attempt ends with a Connection Complete event
        if wanted := self.pending_le_connection:
            self.pending_le_connection = None
            complete = hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=wanted.peer_address.address_type,
                peer_address=wanted.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
            asyncio.get_running_loop().call_soon(self.send_hci_packet, complete)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_le_disconnected(self, connection: controller.Connection, reason: int) -> None:
        if self.le_connections.get(connection.peer_address) is connection:
            super().on_le_disconnected(connection, reason)


def plain(address: hci.Address) -> str:
    """Without Bumble's mark for the kind of address."""
    return str(address).split("/")[0]
