# The machines of an evening, as integers: presses, flight checks, alarms, thinned samples. Prints what each answers, on
# every interpreter.
from evensong_firmware.alarm import Alarm
from evensong_firmware.gesture import Button
from evensong_firmware.player import Player
from evensong_firmware.power import states
from evensong_firmware.power.energy import lasts_h
from evensong_firmware.power.flight import FlightCheck
from evensong_firmware.ring import get16, get24, put16, put24
from evensong_firmware.thin import Thin


class Noise:
    x = 1

    def below(self, n):
        self.x = (self.x * 75 + 74) % 65537
        return self.x % n


def press(noise):
    """Hands of all kinds: quick, slow, holding, forgetting. Across the wrap of the milliseconds."""
    button = Button()
    t_ms = (1 << 30) - 400000
    heard = []
    for i in range(1500):
        t_ms += (60, 90, 200, 650, 1300, 2500, 5600, 13000)[noise.below(8) if i % 3 == 0 else noise.below(3)]
        answers = button.tick(t_ms & 0x3FFFFFFF), button.edge(t_ms & 0x3FFFFFFF, i % 2 == 0)
        heard.append((answers, button.value, button.busy()))
    print("button", heard)


def check_in():
    """Every value once, taken back at times."""
    button = Button()
    t_ms = (1 << 30) - 60000
    heard = []

    def pressed(ms, then_ms):
        nonlocal t_ms
        for down, wait_ms in ((True, ms), (False, then_ms)):
            heard.append(button.edge(t_ms & 0x3FFFFFFF, down))
            for _ in range(wait_ms // 50):
                t_ms += 50
                heard.append(button.tick(t_ms & 0x3FFFFFFF))

    for valence in range(1, 11):
        pressed(100, 100)
        pressed(100, 600)
        for value in (valence, 11 - valence):
            for _ in range(value):
                pressed(100, 100)
            pressed(800, 200)
        if valence % 3 == 0:
            pressed(800, 200)
        pressed(50, 10000)
        print("check-in", [each for each in heard if each], button.value, button.busy())
        heard.clear()


def fly():
    for board in ("virtual", "xiao-esp32s3", "a-c3", "esp32"):
        for plan in range(3):
            print("lasts", board, plan, lasts_h(board, plan, 500, 100), lasts_h(board, plan, 10000, 3))
    for pct in (255, 100, 80, 40, 12, 0):
        for free in (450000, 20000, 3000):
            for heard_s, clock_s, worn in ((10, 1, True), (4000, 65535, False), (900, 60, None)):
                check = FlightCheck("virtual", 500, pct, 8)
                check.look(free, heard_s, clock_s, worn)
                print("flight", pct, free, heard_s, check.failed, check.proposed, check.arg())


def wake(noise):
    for uncertainty_s in (1, 200):
        alarm = Alarm(1800003600, 1800005400)
        alarm.place(100, 1800000000, uncertainty_s)
        print("window", alarm.opens_s, alarm.ends_s)
        alarm.place(200, 1799990000, 1)
        print("after a step back", alarm.opens_s, alarm.ends_s)
        alarm.place(300, 1800003000, 1)
        print("after a step on", alarm.opens_s, alarm.ends_s)
        due = [alarm.due(t_s) for t_s in (850, 899, 900, 2699, 2700)]
        for _ in range(40):
            alarm.staged(noise.below(5))
            due.append(alarm.due(1000))
        print("due", due)
    alarm = Alarm(1800003600, 1800005400)
    alarm.place(5, 0, 65535)
    print("lost its clock", alarm.due(5))


def thin(noise):
    kept, buf, t_ms = Thin(), bytearray(8), 0
    for _ in range(400):
        ibi_ms = 600 + noise.below(600)
        t_ms += ibi_ms + (20000 if noise.below(60) == 0 else 0)
        stream = (0, 0, 0, 0, 0, 1, 2)[noise.below(7)]
        put24(buf, 0, t_ms // 1000)
        put16(buf, 3, t_ms % 1000 | stream << 10)
        buf[5] = 100 if noise.below(9) else 20
        put16(buf, 6, ibi_ms)
        if kept.takes(buf, 0):
            print("kept", get24(buf, 0), get16(buf, 3), buf[5], get16(buf, 6))


def power():
    for wear in range(4):
        for waiting in (False, True):
            row = [states.state_of(wear, night, waiting, heard_s) for night in (0, 1) for heard_s in (3, 300)]
            print("state", wear, waiting, row)
    for state in range(5):
        for plan in range(3):
            on = [states.radio_is_on(state, plan, s) for s in (0, 119, 120, 1799, 1800, 3600, 3720)]
            print("radio", state, plan, [int(each) for each in on], states.measured(state, plan))


def play():
    levels = []
    player = Player(levels.append)
    player.play(0x3FFFFFC0, 3, 2, 150, 200)
    for t_ms in range(0, 1200, 50):
        player.tick((0x3FFFFFC0 + t_ms) & 0x3FFFFFFF)
        levels.append("." if player.playing() else "")
    print("played", levels)


def main():
    noise = Noise()
    press(noise)
    check_in()
    fly()
    wake(noise)
    thin(noise)
    power()
    play()


main()
