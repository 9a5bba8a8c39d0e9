# What the live stager costs: `live_step.py WEIGHTS_FILE EPOCHS` feeds so many epochs of beats and movement, and prints
# one JSON object with the heap that its code, its state and a step need beside the weights. Runs on MicroPython.
import gc
import json
import sys

BEATS = 5  # in a bin of 5 s


def feed(live, epoch):
    for place in range(6):
        for i in range(BEATS):
            live.rates.beat(place, 900 + (epoch * 31 + place * 17 + i * 7) % 97, 100)
    return live.step(epoch * 811 % 5000 if epoch % 9 == 0 else 0, True)


def main():
    with open(sys.argv[1], "rb") as file:
        weights = file.read()
    gc.collect()
    before = gc.mem_alloc()
    from evensong_firmware.stager.live import Live

    live = Live(weights)
    live.lights_off()
    most = 0
    for epoch in range(int(sys.argv[2])):
        if epoch == 1:
            gc.collect()
            gc.disable()  # so that what a step leaves behind is counted with it
        feed(live, epoch)
        if epoch == 1:
            most = gc.mem_alloc() - before
            gc.enable()
    print(json.dumps({"bytes": most}))


main()
