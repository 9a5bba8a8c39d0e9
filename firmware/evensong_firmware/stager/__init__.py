"""The live stager: a stage for each 30 s epoch from what was measured until its end. Integers only, no hardware.

`live.Live` is its interface; the wearable loads it only when an alarm needs it, the hub runs the same code.
"""
