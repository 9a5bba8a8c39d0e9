"""Putting MicroPython and the firmware onto a board, and updates that travel by radio.

    port            which port, and what is wrong with it
    loader          esptool, run as a program: which chip, MicroPython's image
    image           MicroPython's images: whose chip, whose hash, room for the spool
    partitions      the partition table in them
    repl            MicroPython on the board, by mpremote: commands and files
    layout          what lies where in the board's file system
    job             all of it in order, resumed after a pulled cable
    firmware_image  the firmware made small and compiled
    bundle          the firmware as a signed update

esptool is GPL and never imported. It and mpremote come with the extra `flash`.
"""
