"""A million damaged chunks through `Stream`: `python tests/benchmarks/fuzz_stream.py [CHUNKS] [SEED]`.

Ends with one line of JSON, and with status 1 if a frame was lost or invented. tests/wire runs a smaller share.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from evensong_wire.stream import Stream, pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from wire.damage import Oracle, damaged, some_frames

FRAMES_PER_ROUND = 400
CHUNKS_PER_ROUND = (300, 1000, 4000, 30_000)  # from whole notifications to single bytes


def main(chunks: int, seed: int) -> int:
    rng = random.Random(seed)
    started = time.monotonic()
    counts = {"chunks": 0, "sent": 0, "whole": 0, "lost": 0, "invented": 0}
    stream = Stream()  # one for all rounds: what one leaves behind meets the next
    while counts["chunks"] < chunks:
        raws = some_frames(rng, FRAMES_PER_ROUND)
        oracle = Oracle(raws)
        stream.feed(b"\0")
        line = b"".join(map(pack, raws))
        counts["sent"] += len(raws)
        for chunk in damaged(rng, line, rng.choice(CHUNKS_PER_ROUND)):
            counts["chunks"] += 1
            expected = oracle.expect(chunk)
            found = [frame.raw for frame in stream.feed(chunk)]
            counts["whole"] += len(expected)
            if found != expected:
                counts["lost"] += sum(raw not in found for raw in expected)
                counts["invented"] += sum(raw not in expected for raw in found)
    counts |= {name: getattr(stream, name) for name in ("bad_cobs", "bad_crc", "oversize", "unparsable")}
    print(json.dumps({**counts, "wall_s": round(time.monotonic() - started, 1)}))
    return 1 if counts["lost"] or counts["invented"] else 0


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(numbers + [1_000_000, 1][len(numbers) :])))
