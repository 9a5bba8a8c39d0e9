"""The hub's end of one connection: open until `prove`, sealed from then on. Without I/O, for all who talk to wearables.

Feed what comes to a `Stream` that has `unseal`, and send what `pack` makes of a frame. `sealing` says what is done.
"""

from __future__ import annotations

from collections.abc import Callable

from . import codec, sealing, stream
from .models import Challenge, Proof


class Channel:
    """hub_id: 8 bytes. entropy: n -> n random bytes.

    forged, replayed: sealed frames that were refused, because the tag is not that of a device with the key, or because
    the frame was taken before.
    """

    def __init__(self, hub_id: bytes, entropy: Callable[[int], bytes]) -> None:
        self.forged = 0
        self.replayed = 0
        self._hub_id = hub_id
        self._entropy = entropy
        self._secrets: sealing.Secrets | None = None
        self._out: sealing.Direction | None = None
        self._in: sealing.Direction | None = None

    @property
    def proven(self) -> bool:
        """The hub has proved itself; what the device proves it with is the first sealed frame that comes."""
        return self._secrets is not None

    def prove(self, challenge: Challenge, key: bytes, *, by_label: bool) -> tuple[Proof, bytes]:
        """The answer to a challenge, to be sent as it is; all that follows is sealed. Also the key that a change of
        keys in this session leads to. key: 32 bytes."""
        own = self._entropy(sealing.CHALLENGE)
        context = sealing.context_of(challenge.device_id, self._hub_id, challenge.key_epoch, int(by_label))
        secrets = sealing.Secrets(key, challenge.challenge + own, context)
        self._secrets, self._out, self._in = secrets, secrets.to_device(), secrets.to_hub()
        return Proof(by_label, own, secrets.proof()), secrets.next_key()

    def pack(self, raw: bytes) -> bytes:
        """A frame as it goes onto the transport."""
        return stream.pack(raw if self._out is None else codec.seal(raw, self._out))

    def unseal(self, raw: bytes) -> bytes | None:
        """For `Stream`."""
        if self._in is None:
            self.forged += 1
            return None
        within, n = codec.unsealed(raw, self._in)
        self.forged += n == sealing.FORGED
        self.replayed += n == sealing.REPLAYED
        return within or None
