# Activity counts of a made-up acceleration: still, trembling at 7 Hz, walking at 2 Hz, a knock a second. Prints the
# counts of twelve epochs. Runs on every interpreter.
from evensong_firmware.sense.counts import Counts

WAVE = (0, 783, 975, 432, -436, -974, -782, 0)  # about a sine


def z_of(kind, i, noise):
    if kind == 0:
        return 4096 + noise % 9
    if kind == 1:
        return 4096 + WAVE[i % 7]
    if kind == 2:
        return 4096 + 2 * WAVE[i // 3 % 8] + noise % 50
    return 4096 + (28000 if i % 50 == 0 else 0)


counts = Counts(4096)
noise = 1
for i in range(12 * 1500):
    noise = (noise * 75 + 74) % 65537
    count_q8 = counts.add(z_of(i // 4500, i, noise))
    if count_q8 >= 0:
        print(count_q8)
