"""Who may talk to the wearable over one connection: challenge, proof, and from then on only what is sealed.

A wearable with a key says nothing but a challenge before the hub has proved the key; one without says only that, or
talks openly if its settings have `open`. Used again for one connection after the other. `sealing` says what is done.
"""

from evensong_firmware import sealing, wire


class Guard:
    """proven: the other end may hear everything and command. outgoing: seals what leaves, None: it leaves open."""

    def __init__(self, keys, board, config):
        self.keys = keys
        self._board = board
        self._config = config
        self.reset()

    def reset(self):
        self.proven = False
        self.outgoing = self._incoming = None
        self._challenge = self._hub_id = self._next_key = b""

    def hello(self, hub_id):
        """A hub says hello. True: it is answered with a hello, else with a challenge."""
        if self._incoming is not None or hub_id != self._hub_id:
            self.reset()
            self._hub_id = hub_id
        self.proven = self.keys.epoch == 0 and self._config.values["open"] == 1
        return self.proven

    def put_challenge(self, buffer, at, t_s):
        """The same one until it is answered: a hello that was said twice is one hello."""
        if not self._challenge:
            self._challenge = self._board.entropy(sealing.CHALLENGE)
        keys = self.keys
        return wire.put_challenge(
            buffer, at, self._board.device_id, keys.epoch, 1 if keys.adopting(t_s) else 0, self._challenge
        )

    def prove(self, by_label, challenge, proof, t_s):
        """0 if the hub's proof holds: then everything is sealed. Else of the wire's Refused; -1 if nobody asked."""
        keys = self.keys
        if not self._challenge or not keys.epoch:
            return -1
        if by_label and not keys.adopting(t_s):
            return wire.REFUSED_NOT_ADOPTING
        context = sealing.context_of(self._board.device_id, self._hub_id, keys.epoch, 1 if by_label else 0)
        secrets = sealing.Secrets(keys.root if by_label else keys.key, self._challenge + challenge, context)
        self._challenge = b""
        if not sealing.same(proof, secrets.proof(), sealing.PROOF):
            return wire.REFUSED_PROOF
        if by_label:
            if not keys.adopt(secrets.next_key()):
                return wire.REFUSED_STORAGE
        else:
            self._next_key = secrets.next_key()
        self.outgoing = secrets.to_hub()
        self._incoming = secrets.to_device()
        self.proven = True
        return 0

    def rotate(self):
        """Change the hub's key to the one that this session leads to. False if that was done, or cannot be."""
        key, self._next_key = self._next_key, b""
        return len(key) > 0 and self.keys.replace(key)

    def admit(self, frame, length):
        """Length of a received frame, opened; 0 if it is not to be heard."""
        sealed = frame[0] & sealing.FLAGS
        kind = wire.header_kind(frame)
        if sealed:
            if self._incoming is None or sealed != sealing.FLAGS:
                return 0
            n = self._incoming.open(frame, length - wire.CRC_BYTES)
            return n + wire.CRC_BYTES if n > 0 else 0
        if kind == wire.KIND_HUB_HELLO or kind == wire.KIND_PROOF or (self.proven and self._incoming is None):
            return length
        return 0
