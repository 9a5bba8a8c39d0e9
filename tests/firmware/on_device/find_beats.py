# Beats of a made-up pulse: at rest, with a tremor at 2 Hz, with a jump of the baseline, cut off at the top. Prints each
# beat that comes out, and what breathing, posture and wear make of it. Runs on every interpreter.
from evensong_firmware.sense.breathing import Breathing
from evensong_firmware.sense.posture import Posture
from evensong_firmware.sense.ppg import BeatDetector
from evensong_firmware.sense.wear import NO_TEMP, Wear

PULSE = (
    0,
    20,
    120,
    420,
    780,
    980,
    1000,
    900,
    760,
    640,
    560,
    520,
    510,
    500,
    460,
    400,
    330,
    260,
    200,
    150,
    110,
    80,
    50,
    20,
)
TREMOR = (0, 11, 21, 27, 30, 29, 24, 15, 4, -7, -18, -25, -30, -30, -26, -19, -8, 3, 14, 23, 29, 30, 28, 21, 11)

detector = BeatDetector(100, follow_movement=True)
breathing, posture, wear = Breathing(), Posture(), Wear()
vouched = False
noise, since, interval = 1, 0, 90
for i in range(60 * 100):
    noise = (noise * 75 + 74) % 65537
    since += 1
    if since >= interval:
        since, interval = 0, 80 + noise % 23
    second = i // 100
    ppg = 120000 + (PULSE[since // 3] if since < 72 else 0) + noise % 9
    x = 0
    if 20 <= second < 30:
        x = 12 * TREMOR[i // 2 % 25]
        ppg += 8 * TREMOR[(i // 2 + 7) % 25]
    if second >= 40:
        ppg += 5000
    if second >= 50 and ppg > 125600:
        ppg = 125600
    if detector.add(ppg, x, 0, 1000):
        print(i, detector.ago_ms, detector.ibi_ms, detector.quality, detector.rise)
        vouched = vouched or detector.quality >= 50
        breathing.add(detector.ibi_ms, detector.rise)
    if i % 100 == 99:
        changed = posture.add(second * 20, x, 1000 - second * 10)
        if wear.add(detector.level, detector.swing(), vouched, detector.motion_mg, NO_TEMP, False) or changed:
            print("now", second, posture.state, wear.state)
        vouched = False
print(detector.level, detector.swing(), detector.motion_mg)
print(breathing.measure(), breathing.rate_q4, breathing.quality)
