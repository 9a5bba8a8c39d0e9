"""Runs on MicroPython: what the writers leave on the heap after beats and readings of every size, in bytes."""

import gc

from evensong_firmware import ibi_coding, series_coding, wire

buffer = bytearray(wire.MAX_FRAME_BYTES)
incarnation = b"abcd"
beats = ibi_coding.IbiEncoder(buffer, 17, wire.PAYLOAD_LIMIT)
hearts = series_coding.HeartRateWriter(buffer, 17, wire.PAYLOAD_LIMIT)
counts = series_coding.ActivityWriter(buffer, 17, wire.PAYLOAD_LIMIT)
accel = series_coding.AccelWriter(buffer, 21, wire.PAYLOAD_LIMIT)


def fill(seed, times):
    for _ in range(times):
        seed = (seed * 1021 + 30011) & 0xFFFFF
        ibi_ms = 300 + (seed >> 9) if seed & 0xF0 else seed & 0xFFFF
        gap_ms = 0 if seed & 0x700 else seed << 6
        if not beats.put(gap_ms, ibi_ms, 100 if seed & 0x30 else seed % 101):
            at = wire.begin(buffer, 0, wire.KIND_IBI, incarnation, 65535, 0xFFFFFF, 0xFFFFFF, 999)
            wire.put_ibi(buffer, at, beats.count)
            wire.finish(buffer, beats.finish())
            beats.reset()
        if not hearts.put(seed, seed & 0xFFFF):
            hearts.reset()
        if not counts.put(seed << 8):
            counts.reset()
        if not accel.put(seed & 0xFFFF, -seed, seed << 8):
            accel.reset()
    return seed


if hasattr(gc, "mem_alloc"):
    state = fill(1, 50)
    gc.collect()
    before = gc.mem_alloc()
    fill(state, 2000)
    print(gc.mem_alloc() - before)
else:
    fill(1, 50)
    print(0)
