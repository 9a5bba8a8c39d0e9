"""Takes in the updates that lie beside it, and prints what came of each. Arguments: a folder to work in, bundles.

Behind a bundle may stand `:op:number` - flip:BIT of it, cut:BYTES from its end, resume:BYTE at which the power fails.
"""

import os
import sys
from hashlib import sha256

from evensong_firmware import slots, starter, update

folder = sys.argv[1]
os.chdir(folder)


def send(taking, bundle, upto):
    """The bundle in pieces; stops there."""
    name = sha256(bundle).digest()[:8]
    size = len(bundle)
    said = taking.obey(bytes([0]) + name + bytes([size & 255, size >> 8 & 255, size >> 16]))
    have = int(said.split()[1])
    while have < upto:
        piece = bundle[have : min(have + 190, upto)]
        said = taking.obey(bytes([1, have & 255, have >> 8 & 255, have >> 16]) + piece)
        have = int(said.split()[1])
    return have


def take(bundle):
    taking = update.Update()
    try:
        send(taking, bundle, len(bundle))
        said = taking.obey(b"\x02")
        assert said == "signed", said
        while said != "ready":
            said = taking.obey(b"\x02")
    except update.Refused as refused:
        return "refused: " + str(refused)
    return said


sys.path.insert(0, "a")
bundle = bytearray()
for word in sys.argv[2:]:
    path, op, number = (word + "::0").split(":")[:3]
    if path != "-":
        with open(path, "rb") as file:
            bundle = bytearray(file.read())
    if op == "flip":
        bundle[int(number) // 8] ^= 1 << int(number) % 8
    elif op == "cut":
        bundle = bundle[: len(bundle) - int(number)]
    elif op == "resume":
        first = update.Update()
        send(first, bytes(bundle), int(number))
        again = update.Update()  # after a power loss: what was flushed is there
        print(
            "resumed at",
            again.obey(
                bytes([0])
                + sha256(bytes(bundle)).digest()[:8]
                + bytes([len(bundle) & 255, len(bundle) >> 8 & 255, len(bundle) >> 16])
            ),
        )
    elif op == "starts":
        print("starts", starter.choose(), starter.choose(), starter.choose(), starter.choose())
        continue
    elif op == "confirm":
        sys.path[0] = starter.choose()
        slots.confirm(sys.path[0])
        print("runs", slots.told(), "floor", update.text_of("floor", "-"))
        continue
    print(take(bytes(bundle)))
