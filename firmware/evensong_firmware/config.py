"""The wearable's settings: one JSON object in the flash file system, replaced as a whole.

A setting is known by its default here and has the default's type; anything else in a file or in a CONFIGURE command
is refused by name. A file that cannot be read counts as none: a wearable that a settings file keeps from recording is
worse.
"""

import json
import os

DEFAULTS = {
    "name": "",  # what the wearer calls it; empty: "Evensong" and the end of the device id
    "status_every_s": 300,
    "battery_mah": 500,
    "night_h": 8,  # how long a night is taken to be, for the flight check
    "prompts": 0,  # mood check-ins that it asks for in a day
    "services": 1,  # of Bluetooth's own, such as heart rate: 0 none, 1 for phones with a bond, 2 for everybody
    "open": 0,  # 1: without a key, talk to whoever asks; with one it makes no difference
}
LIMITS = {
    "status_every_s": (10, 86400),
    "battery_mah": (50, 10000),
    "night_h": (1, 15),
    "prompts": (0, 8),
    "services": (0, 2),
    "open": (0, 1),
}
MAX_NAME_BYTES = 20  # the scan response holds 29


def problem_of(settings):
    """What is wrong with settings from outside, in a sentence; None if nothing is."""
    if not isinstance(settings, dict):
        return "settings must be a JSON object"
    for key, value in settings.items():
        if key not in DEFAULTS:
            return "unknown setting: " + str(key)[:40]
        if type(value) is not type(DEFAULTS[key]):
            return key + " must be " + ("a text" if isinstance(DEFAULTS[key], str) else "a whole number")
        if key in LIMITS and not LIMITS[key][0] <= value <= LIMITS[key][1]:
            return "%s must lie between %d and %d" % (key, LIMITS[key][0], LIMITS[key][1])
        if key == "name" and len(value.encode()) > MAX_NAME_BYTES:
            return "name must have at most %d bytes" % MAX_NAME_BYTES
    return None


class Config:
    """values: every setting. folder: where the file lives, without a slash at its end."""

    def __init__(self, folder):
        self._path = folder + "/evensong.json"
        self.values = dict(DEFAULTS)
        try:
            with open(self._path) as file:
                stored = json.load(file)
        except (OSError, ValueError):
            return
        if problem_of(stored) is None:
            self.values.update(stored)

    def name(self, board):
        """What this wearable is called."""
        return self.values["name"] or "Evensong %02x%02x" % (board.device_id[6], board.device_id[7])

    def change(self, text):
        """Take settings from JSON text and keep them. Returns what is wrong with them, None if nothing is."""
        try:
            settings = json.loads(text)
        except ValueError:
            return "settings must be JSON"
        problem = problem_of(settings)
        if problem is not None:
            return problem
        values = dict(self.values)
        values.update(settings)
        try:
            with open(self._path + ".new", "w") as file:
                json.dump(values, file)
            os.rename(self._path + ".new", self._path)  # littlefs and POSIX replace in one step
        except OSError:
            return "settings cannot be written to flash"
        self.values = values
        return None
