"""What the rest of the system sees of the wire: one frozen dataclass for each payload, and the frame around it.

Times within a body are milliseconds relative to the frame's own device time, `Header.time_ms`. Coded sequences are
expanded here; `codec` goes between these and bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from .frames import (
    FIRST_UNNUMBERED,
    NO_FLAGS,
    Check,
    CommandCode,
    EventCode,
    Fault,
    Flag,
    Kind,
    Plan,
    Refused,
    ResetCause,
    Sensor,
    Wear,
)


@dataclass(frozen=True, slots=True)
class Header:
    """kind: a `Kind`, or a plain integer this version does not know. time_ms: device time since boot."""

    kind: int
    incarnation: bytes
    boot_id: int
    seq: int
    time_ms: int
    flags: Flag = NO_FLAGS

    @property
    def numbered(self) -> bool:
        """True if the frame is spooled, acknowledged and counted in the ledger."""
        return self.kind < FIRST_UNNUMBERED


@dataclass(frozen=True, slots=True)
class Boot:
    cause: ResetCause
    previous_boot_id: int
    previous_time_ms: int
    previous_sampled: int
    utc_s: int
    utc_uncertainty_s: int


@dataclass(frozen=True, slots=True)
class HeartRate:
    """offset_ms, hr_q4 (1/16 bpm): equally long."""

    offset_ms: tuple[int, ...]
    hr_q4: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ibi:
    """offset_ms: the beat that ends each interval; ibi_ms: the interval; quality: 0-100, vouched for from 50 on."""

    offset_ms: tuple[int, ...]
    ibi_ms: tuple[int, ...]
    quality: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Activity:
    """count_q8: activity counts of consecutive 30 s epochs in 1/256, None where an epoch is missing."""

    count_q8: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class WearChange:
    state: Wear


@dataclass(frozen=True, slots=True)
class Status:
    """battery_pct, temp_cdeg, rssi_dbm: None where unknown. sampled, stored, dropped: samples of this boot."""

    battery_mv: int
    battery_pct: int | None
    temp_cdeg: int | None
    spool_free_kib: int
    rssi_dbm: int | None
    sampled: int
    stored: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Ema:
    """valence, arousal: 1-9."""

    valence: int
    arousal: int
    prompted: bool


@dataclass(frozen=True, slots=True)
class Event:
    """code: an `EventCode`, or a plain integer this version does not know."""

    code: EventCode | int
    arg: int


@dataclass(frozen=True, slots=True)
class FlightCheck:
    """The argument of a FLIGHT_CHECK event, from its lowest bit: failed (5 bits), proposed (2), low_h and high_h (6
    each), wanted_h (4), battery_pct (7 bits, 127: unknown).

    failed: what would keep the night from completing with the plan FULL. proposed: the fullest Plan with which it
    would, or the thinnest if none is enough. low_h to high_h: how long the battery lasts with FULL, in whole hours; 63
    is that and more. wanted_h: how long the night is taken to be.
    """

    failed: Check
    proposed: Plan | int
    low_h: int
    high_h: int
    wanted_h: int
    battery_pct: int | None

    @classmethod
    def of(cls, arg: int) -> FlightCheck:
        """For any argument whatever: bits above the 30th are passed over."""
        plan, battery = arg >> 5 & 3, arg >> 23 & 127
        return cls(
            failed=Check(arg & 31),
            proposed=Plan(plan) if plan in list(Plan) else plan,
            low_h=arg >> 7 & 63,
            high_h=arg >> 13 & 63,
            wanted_h=arg >> 19 & 15,
            battery_pct=None if battery == 127 else battery,
        )


@dataclass(frozen=True, slots=True)
class SensorFault:
    """The argument of a SENSOR_FAULT event. identity: what a wrong chip says it is."""

    sensor: Sensor | int
    fault: Fault | int
    identity: int

    @classmethod
    def of(cls, arg: int) -> SensorFault:
        """For any argument whatever: bits above the 16th are passed over."""
        sensor, fault = arg >> 12 & 15, arg >> 8 & 15
        return cls(
            sensor=Sensor(sensor) if sensor in list(Sensor) else sensor,
            fault=Fault(fault) if fault in list(Fault) else fault,
            identity=arg & 255,
        )

    def __str__(self) -> str:
        """Such as `ppg: no-answer`."""
        sensor = self.sensor.name.lower() if isinstance(self.sensor, Sensor) else f"sensor {self.sensor}"
        fault = self.fault.name.lower().replace("_", "-") if isinstance(self.fault, Fault) else f"fault {self.fault}"
        return f"{sensor}: {fault}"


@dataclass(frozen=True, slots=True)
class Log:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class PpgRaw:
    rate_chz: int
    channel: int
    samples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AccelRaw:
    """xyz: n triples of sensor units, lsb_per_g of them to one g."""

    rate_chz: int
    lsb_per_g: int
    xyz: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Hello:
    device_id: bytes
    minor: int
    firmware: tuple[int, int, int]
    capabilities: int
    battery_mv: int
    battery_pct: int | None
    first_boot_id: int
    first_seq: int
    next_seq: int
    utc_s: int
    utc_uncertainty_s: int
    board: str
    name: str


@dataclass(frozen=True, slots=True)
class TimeRequest:
    token: int


@dataclass(frozen=True, slots=True)
class Reply:
    token: int
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Challenge:
    """key_epoch: 0 if the device has no key."""

    device_id: bytes
    key_epoch: int
    adopting: bool
    challenge: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """reason: a `Refused`, or a plain integer this version does not know."""

    reason: Refused | int


@dataclass(frozen=True, slots=True)
class HubHello:
    hub_id: bytes
    minor: int


@dataclass(frozen=True, slots=True)
class Ack:
    boot_id: int
    seq: int


@dataclass(frozen=True, slots=True)
class TimeReply:
    token: int
    utc_ms: int
    uncertainty_ms: int


@dataclass(frozen=True, slots=True)
class ResumeFrom:
    boot_id: int
    seq: int


@dataclass(frozen=True, slots=True)
class Command:
    token: int
    code: CommandCode | int
    arg: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    by_label: bool
    challenge: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """The payload of a kind that this version does not know; numbered ones are journalled all the same."""

    payload: bytes


Body = (
    Boot | HeartRate | Ibi | Activity | WearChange | Status | Ema | Event | Log | PpgRaw | AccelRaw
    | Hello | TimeRequest | Reply | Challenge | Refusal | HubHello | Ack | TimeReply | ResumeFrom | Command | Proof
    | Unknown
)  # fmt: skip

KIND_OF: dict[type, Kind] = {
    Boot: Kind.BOOT,
    HeartRate: Kind.HEART_RATE,
    Ibi: Kind.IBI,
    Activity: Kind.ACTIVITY,
    WearChange: Kind.WEAR,
    Status: Kind.STATUS,
    Ema: Kind.EMA,
    Event: Kind.EVENT,
    Log: Kind.LOG,
    PpgRaw: Kind.PPG_RAW,
    AccelRaw: Kind.ACCEL_RAW,
    Hello: Kind.HELLO,
    TimeRequest: Kind.TIME_REQUEST,
    Reply: Kind.REPLY,
    Challenge: Kind.CHALLENGE,
    Refusal: Kind.REFUSAL,
    HubHello: Kind.HUB_HELLO,
    Ack: Kind.ACK,
    TimeReply: Kind.TIME_REPLY,
    ResumeFrom: Kind.RESUME_FROM,
    Command: Kind.COMMAND,
    Proof: Kind.PROOF,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """A parsed frame. raw: its bytes without COBS, CRC included - what spool, journal and recording keep. sealed: it
    came sealed and was opened; raw is what had been sealed."""

    header: Header
    body: Body
    raw: bytes
    sealed: bool = False


def samples_in(body: Body) -> int:
    """Number of measurements that a body carries: the ledger's unit. Words about the device itself carry none."""
    match body:
        case HeartRate(hr_q4=values) | Ibi(ibi_ms=values) | PpgRaw(samples=values):
            return len(values)
        case Activity(count_q8=counts):
            return sum(c is not None for c in counts)
        case AccelRaw(xyz=xyz):
            return len(xyz)
        case WearChange() | Ema():
            return 1
    return 0
