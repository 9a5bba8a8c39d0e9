"""Models of the wearable's chips at the level of their registers, written from their data sheets, on one I2C bus.

A model knows nothing of the firmware: it is read and written register by register, at world times, and takes its
samples from a wearer's waveforms at the rate of its own, imperfect oscillator. Every fault that the firmware has to
survive can be scheduled. What is not modelled: bus timing (a transfer takes no time), analogue settling, how far a
self-test moves the mass while it settles.
"""
