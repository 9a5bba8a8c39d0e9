"""Commands that a wearable is rarely given: its self-test, what runs on it, updates. Loaded with the first of them."""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import asyncio

from evensong_firmware import wire

DONE, REFUSED, UNKNOWN = 0, 1, 2
_update = None


def obey(code, arg, board, recorder):
    """(status, body) of the reply."""
    if code == wire.COMMAND_SELFTEST:
        return _test(board, arg[0] if arg else 0)
    if code == wire.COMMAND_FIRMWARE:
        from evensong_firmware import slots

        return DONE, slots.told()
    if code == wire.COMMAND_UPDATE:
        return _updated(arg)
    if code == wire.COMMAND_RESTART:
        from evensong_firmware import slots

        recorder.flush()
        asyncio.get_event_loop().create_task(slots.restart(board))
        return DONE, "restarting"
    return UNKNOWN, "unknown command"


def _test(board, i):
    """One part of the self-test: well, its name and what was seen; nothing behind the last."""
    from evensong_firmware import selftest

    if i >= selftest.parts(board):
        selftest.forget()
        return DONE, ""
    name, well, seen = selftest.look(board, i)
    return DONE, "%d %s: %s" % (well, name, seen)


def _updated(arg):
    global _update
    from evensong_firmware import update

    if _update is None:
        _update = update.Update()
    try:
        return DONE, _update.obey(arg)
    except update.Refused as refused:
        return REFUSED, str(refused)
    except (OSError, ValueError, IndexError) as error:
        return REFUSED, "the update failed: %r" % error
