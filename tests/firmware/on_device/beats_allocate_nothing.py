# Half a minute of pulse and tremor through the detector that follows movement, after as long a start. Prints how many
# beats came and how many bytes the heap has grown by. Runs on MicroPython, 64 and 32 bits.
import gc

from evensong_firmware.sense.ppg import BeatDetector

PULSE = (0, 120, 780, 1000, 760, 560, 510, 460, 330, 200, 110, 50)
detector = BeatDetector(100, follow_movement=True)


def play(seconds, push):
    beats = 0
    for i in range(seconds * 100):
        ppg = 120000 + (PULSE[i % 90 // 6] if i % 90 < 72 else 0)
        beats += detector.add(ppg, push if i % 50 < 25 else -push, 0, 1000)
    return beats


play(15, 0)
play(15, 300)
gc.collect()
gc.disable()
beats = before = 0  # names take room in a dictionary
before = gc.mem_alloc()
beats = play(15, 0) + play(15, 300)
print(beats, gc.mem_alloc() - before)
