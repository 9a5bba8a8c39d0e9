# A made-up night through the live stager with made-up weights: prints stage, probabilities and a few features of every
# eighth epoch. Beats, then readings, then nothing; movement at times; a while off the wrist; the button pressed.
# Runs on every interpreter.
from evensong_firmware.stager.live import FEATURES, Live

WIDTH, BLOCKS = 16, 6


class Noise:
    x = 1

    def below(self, n):
        self.x = (self.x * 75 + 74) % 65537
        return self.x % n


def made_up(noise):
    """Weights that keep activations near the middle of their range."""
    weights = bytearray(b"EVL2")
    weights += bytes((FEATURES, WIDTH, BLOCKS, 5, 4500 & 255, 4500 >> 8))
    for i in range(FEATURES):
        weights += bytes((noise.below(256), i % 5, 0, 1 + noise.below(4)))
    layers = [(FEATURES, WIDTH)] + BLOCKS * [(2 * WIDTH, WIDTH), (WIDTH, WIDTH)] + [(WIDTH + FEATURES, 5)]
    for inputs, outputs in layers:
        for _ in range(outputs):
            weights += bytes([noise.below(25) - 12 & 255 for _ in range(inputs)])
            weights += bytes((noise.below(256), 0, (0, 255)[noise.below(2)], 0, 6))
            weights[-2] = weights[-3]  # the bias's sign
    return bytes(weights)


def feed(live, noise, epoch):
    """What is measured in an epoch; returns its count and whether it was worn."""
    for place in range(6):
        if epoch % 90 < 50:
            for _ in range(5 + noise.below(3)):
                live.rates.beat(place, 850 + epoch % 200 + noise.below(90) * (1 + noise.below(9)), 40 + noise.below(60))
        elif epoch % 90 < 80:
            live.rates.reading(place, 900 + 4 * (epoch % 97) + noise.below(60))
    if epoch == 30:
        live.lights_off()
    elif epoch == 260:
        live.rise()
    count = noise.below(60000) if noise.below(9) == 0 else noise.below(300)
    return -1 if 150 < epoch < 290 or epoch % 50 == 7 else count, not 100 <= epoch < 110


def main():
    noise = Noise()
    weights = made_up(noise)
    live = Live(weights)
    for epoch in range(320):
        stage = live.step(*feed(live, noise, epoch))
        if epoch % 8 == 7:
            features = live._network.features
            some = [features[i] for i in (0, 3, 8, 11, 14, 18, 39, 44, 52, 54)]
            print(epoch, stage, live.likeliest, live.bed.since, live.p, some)


main()
