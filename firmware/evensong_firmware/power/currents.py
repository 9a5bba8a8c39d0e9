"""GENERATED from evensong.hub.power_parts by `python -m evensong.hub.power_model`; change it there.

What a wearable draws from its cell in a night, (low, high) in microamperes, for each of the wire's plans.
"""

CURRENT_UA = {
    "esp32s3": ((18891, 45011), (2577, 17051), (1448, 15211)),
    "esp32c3": ((12991, 32011), (1828, 11891), (1067, 10611)),
    "esp32": ((15091, 49011), (2652, 18764), (1799, 16761)),
}
