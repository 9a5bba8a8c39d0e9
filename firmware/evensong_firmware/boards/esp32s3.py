"""Seeed Studio XIAO ESP32S3: the smallest board with a charger. Its pads D0 to D10 in docs/build-guide.md."""

from evensong_firmware.boards.chip import ChipBoard


class Board(ChipBoard):
    name = "xiao-esp32s3"
    sda = 5  # D4
    scl = 6  # D5
    ppg_int = 2  # D1
    motion_int = 3  # D2
    button_pin = 4  # D3
    battery_pin = 1  # D0, ADC1
    usb_pin = 7  # D8
    light_pin = 21  # on the board, lit when low
    light_inverted = True
    motor_pin = 8  # D9
