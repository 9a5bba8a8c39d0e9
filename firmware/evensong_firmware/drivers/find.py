"""Which chips hang on the bus: each candidate is asked for its identity, its driver is only loaded if it is there."""

_UNKNOWN_ADDRESS = 19  # ENODEV: nobody acknowledged


def find_ppg(bus):
    """(driver, -1); (None, identity) of another chip in its place, (None, -1) if there is none."""
    identity = _identity(bus, 0x57, 0xFF)
    if identity != 0x15:
        return None, identity
    from evensong_firmware.drivers.max3010x import Max3010x

    return Max3010x(bus), -1


def find_motion(bus):
    """Likewise."""
    other = -1
    for address in (0x18, 0x19):
        identity = _identity(bus, address, 0x0F)
        if identity == 0x33:
            from evensong_firmware.drivers.lis3dh import Lis3dh

            return Lis3dh(bus, address), -1
        other = max(other, identity)
    for address in (0x68, 0x69):
        identity = _identity(bus, address, 0x75)
        if identity in (0x68, 0x19):
            from evensong_firmware.drivers.mpu6050 import Mpu6050

            return Mpu6050(bus, address, identity), -1
        other = max(other, identity)
    return None, other


def find_skin(bus):
    """Likewise; its identity has two bytes, and the low one is told of another chip."""
    if _identity(bus, 0x48, 0x0F) < 0:
        return None, -1
    word = bytearray(2)
    bus.read(0x48, 0x0F, word)
    if word[0] & 15 != 1 or word[1] != 0x17:
        return None, word[1]
    from evensong_firmware.drivers.tmp117 import Tmp117

    return Tmp117(bus), -1


def _identity(bus, address, register):
    try:
        return bus.get(address, register)
    except OSError as error:
        if error.errno != _UNKNOWN_ADDRESS:
            raise
        return -1
