"""The GATT service that carries the wire over BLE: one characteristic each way, both plain byte streams."""

SERVICE = "e5e70001-6f0a-4c52-9d0b-7d5b1c3f2a10"
FRAMES = "e5e70002-6f0a-4c52-9d0b-7d5b1c3f2a10"  # notify: device to hub
CONTROL = "e5e70003-6f0a-4c52-9d0b-7d5b1c3f2a10"  # write: hub to device

ATT_OVERHEAD_BYTES = 3  # of each notification or write; a longer one is cut silently by some stacks
MIN_ATT_MTU = 23
PREFERRED_ATT_MTU = 247
