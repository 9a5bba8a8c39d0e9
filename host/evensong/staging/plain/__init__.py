"""The arithmetic of the final answer once more, in whole numbers and lists only: its specification.

It says number by number what the NumPy rooms beside it compute, without regard to speed, in the subset of Python that
MicroPython runs too. What is not known is None. Nothing that stages a night imports it: `evensong bench staging` and
the tests hold the two against each other, and a port to another machine would start here.
"""
