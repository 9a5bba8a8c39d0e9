# Random lives of a spool whose power fails at random bytes, checked by spool_model at each boot; prints what is left.
# A small part of what test_spool.py does, for interpreters without hypothesis.
import sys

sys.path.append(sys.path[0] + "/..")  # spool_model.py lies beside this folder, on 32 bits in the root
from spool_model import Model


class Noise:
    x = 1

    def below(self, n):
        self.x = (self.x * 75 + 74) % 65537
        return self.x % n


def main():
    noise = Noise()
    model = Model(6)
    deaths = 0
    for _ in range(150):
        if noise.below(4) == 0:
            model.nor.budget = noise.below(400)
            model.nor.tear = ("front", "back")[noise.below(2)]
        for _ in range(noise.below(8)):
            deaths += not model.survive(model.sample, noise.below(3))
        deaths += not model.survive(model.checkpoint)
        if noise.below(3) == 0:
            deaths += not model.survive(model.append, 6, bytes(20 + noise.below(180)))
        if noise.below(9) == 0:
            model.send(noise.below(30))
            model.acknowledge(noise.below(4))
        model.compare()
    state = model.spool.state
    print(deaths, model.made, len(model.safe), len(model.forgotten), state.boot_id, state.next_seq, state.dropped)


main()
