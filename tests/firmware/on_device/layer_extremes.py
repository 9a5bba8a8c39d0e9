# The network's inner loops at the ends of their ranges: whichever twin this interpreter takes, and the plain one, which
# must be the same; prints what came out. Runs on every interpreter.
from array import array

from evensong_firmware.stager import layer as plain
from evensong_firmware.stager import network as taken


class Noise:
    x = 1

    def below(self, n):
        self.x = (self.x * 75 + 74) % 65537
        return self.x % n

    def int16(self):
        return (self.below(65535) - 32767) >> self.below(4) * 4


def weights_of(noise, inputs, outputs):
    weights = bytearray()
    for _ in range(outputs):
        weights += bytes([(0, 127, 128, 255, noise.below(256))[noise.below(5)] for _ in range(inputs)])
        top = (0, 1, 254, 255)[noise.below(4)]
        weights += bytes((noise.below(256), noise.below(256), noise.below(256), top, noise.below(20)))
    return bytes(weights)


def main():
    noise = Noise()
    for inputs, outputs in ((1, 5), (16, 16), (73, 5)):
        weights = weights_of(noise, inputs, outputs)
        x = array("h", [noise.int16() for _ in range(inputs)])
        one, two = (array("h", bytes(2 * outputs)) for _ in range(2))
        for least in (-32767, 0):
            ends = taken.layer(weights, 0, x, inputs, one, outputs, least)
            assert ends == plain.layer(weights, 0, x, inputs, two, outputs, least) == len(weights)
            assert list(one) == list(two)
            print(list(one))
    for _ in range(4):
        one = array("h", [noise.int16() for _ in range(12)])
        two, step = array("h", one), array("h", [noise.int16() for _ in range(12)])
        taken.add(one, step, 12)
        plain.add(two, step, 12)
        assert list(one) == list(two)
        ring, twin = (bytearray(range(121, 137)) for _ in range(2))
        pair, likewise = (array("h", bytes(48)) for _ in range(2))
        taken.remember(ring, 3, one, pair, 12)
        plain.remember(twin, 3, one, likewise, 12)
        assert ring == twin
        assert list(pair) == list(likewise)
        weights = bytes([noise.below(256) for _ in range(4 * 12)])
        out, same = (array("h", bytes(24)) for _ in range(2))
        taken.standardise(weights, 0, one, out, 2, 12)
        plain.standardise(weights, 0, one, same, 2, 12)
        assert list(out) == list(same)
        print(list(one), list(out))


main()
