"""GENERATED from evensong.hub.power_parts by `python -m evensong.hub.power_model`; change it there.

What a wearable draws from its cell in a night, (low, high) in microamperes, for each of the wire's plans.
"""

CURRENT_UA = {
    "esp32s3": ((18861, 44976), (2547, 17016), (1418, 15176)),
    "esp32c3": ((12961, 31976), (1798, 11856), (1037, 10576)),
    "esp32": ((15061, 48976), (2622, 18729), (1769, 16726)),
}
