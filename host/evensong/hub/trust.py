"""Whom the hub believes: which key answers a challenge, who may speak without one, and when a key is changed."""

from __future__ import annotations

from evensong.errors import Unavailable
from evensong_wire.frames import Refused
from evensong_wire.models import Challenge

from .keyring import Answer, Keyring, answer_to

WAIT_S = 20.0  # for a wearer to hold the button: tried again while the wearable lets a hub in
UNKNOWN_S = 3600.0  # a neighbour's wearable, unless the keyring changes

_REFUSED = {
    Refused.PROOF: "it refuses this hub's key: a wrong one, or it was flashed again; `evensong hub keyring add` helps",
    Refused.NOT_ADOPTING: "it lets no hub in now: hold its button for five seconds, then wait a minute",
    Refused.STORAGE: "it could not keep the new key: its flash is full or failing",
}


class Untrusted(Unavailable):
    """Nobody is believed: the sentence says why. unknown: this hub has no key for the wearable."""

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        super().__init__(message, UNKNOWN_S if unknown else WAIT_S)
        self.unknown = unknown


class Trust:
    """unauthenticated: take in wearables without a key."""

    def __init__(self, keyring: Keyring, *, unauthenticated: bool = False) -> None:
        self.keyring = keyring
        self._unauthenticated = unauthenticated

    def answer(self, challenge: Challenge) -> Answer:
        """Raises Untrusted."""
        entry = self.keyring.of(challenge.device_id)
        answer = answer_to(challenge, entry)
        if isinstance(answer, str):
            raise Untrusted(f"Wearable {challenge.device_id.hex()}: {answer}.", unknown=entry is None)
        return answer

    def refused(self, device_id: bytes, reason: Refused | int) -> Untrusted:
        """What a wearable's refusal means."""
        sentence = _REFUSED.get(Refused(reason), "") if reason in list(Refused) else f"it refuses this hub ({reason})"
        return Untrusted(f"Wearable {device_id.hex()}: {sentence}.")

    def check_open(self, device_id: bytes) -> None:
        """Of a wearable that said hello without a key. Raises Untrusted."""
        who = f"Wearable {device_id.hex()}"
        if self.keyring.of(device_id) is not None:
            raise Untrusted(
                f"{who} says hello without the key that this hub has for it: not authenticated, so not believed; if it "
                f"was flashed without a key, `evensong hub keyring remove {device_id.hex()}`."
            )
        if not self._unauthenticated:
            raise Untrusted(
                f"{who} has no key: flash it, or set `hub.unauthenticated = true` to take in what anyone may have sent."
            )
