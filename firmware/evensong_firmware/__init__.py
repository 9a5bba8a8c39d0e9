"""The firmware of an Evensong wearable, in MicroPython; `sense` and `stager` run on CPython too."""
