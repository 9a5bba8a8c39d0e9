"""Adafruit HUZZAH32 Feather, with the original ESP32: charger, and a divider at the battery on the board."""

from evensong_firmware.boards.chip import ChipBoard


class Board(ChipBoard):
    name = "huzzah32"
    sda = 23
    scl = 22
    ppg_int = 14
    motion_int = 32
    button_pin = 27
    battery_pin = 35  # A13, ADC1, behind two resistors of 100 kOhm
    usb_pin = 34  # A2, which can only be read
    light_pin = 13
    motor_pin = 33
