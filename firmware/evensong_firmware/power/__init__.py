"""Power in integers only: in which state the wearable is, how long its battery lasts, whether a night would complete.
No hardware, no I/O; the hub computes its forecast by the same code.
"""
