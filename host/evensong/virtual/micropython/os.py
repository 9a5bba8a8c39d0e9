# `os` whose random bytes follow VCLOCK_SEED, which differs for each wearable and each of its boots.
import random

from uos import *  # noqa: F403  all of it, and one name replaced
from uos import getenv

random.seed(int(getenv("VCLOCK_SEED") or 1))


def urandom(n):
    return bytes(random.getrandbits(8) for _ in range(n))


def uname():
    # of an ESP32, where the world says so
    return "esp32", "esp32", "", "", getenv("EVENSONG_MACHINE") or ""
