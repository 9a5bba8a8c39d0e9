# Plays what a night gave the live stager to it: `live_rows.py CALLS_JSON WEIGHTS` prints [stage, four probabilities] of
# every epoch as JSON. CALLS_JSON: one list for each epoch of what was called before its step, then count and worn. Runs
# on every interpreter.
import json
import sys

from evensong_firmware.stager.live import Live


def main():
    with open(sys.argv[1]) as file:
        epochs = json.load(file)
    with open(sys.argv[2], "rb") as file:
        live = Live(file.read())
    rows = []
    for calls, count_q8, worn in epochs:
        for name, *arguments in calls:
            getattr(live.rates if name in ("beat", "reading") else live, name)(*arguments)
        rows.append([live.step(count_q8, worn)] + live.p)
    print(json.dumps(rows))


main()
