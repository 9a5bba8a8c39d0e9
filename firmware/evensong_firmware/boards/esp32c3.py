"""Seeed Studio XIAO ESP32C3: as small as the S3, one RISC-V core. Its pads D0 to D10 in docs/build-guide.md."""

from evensong_firmware.boards.chip import ChipBoard


class Board(ChipBoard):
    name = "xiao-esp32c3"
    sda = 6  # D4
    scl = 7  # D5
    ppg_int = 3  # D1
    motion_int = 4  # D2
    button_pin = 5  # D3; D8 and D9 are read when the chip starts, and stay free
    battery_pin = 2  # D0, ADC1
    usb_pin = 20  # D7
    light_pin = 10  # D10
    motor_pin = 21  # D6
