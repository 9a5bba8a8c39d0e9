"""The command line. A person's mistake costs one sentence and exit status 1; Ctrl-C, at any time, no more than 130.

All else is imported within `main`, where an interruption is expected: before it, Python would answer with a traceback.
"""

from __future__ import annotations

import os
import sys

# Before NumPy comes, which each command imports for itself. Staging multiplies small matrices: a second thread costs
# more than it gives, a third of the time of a night on two cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_AGAIN_S = 0.02


def main() -> None:
    """Run the command line; the entry point that `pyproject.toml` names."""
    sys.unraisablehook = _interrupt_again
    try:
        import threading  # noqa: F401  for _interrupt_again, which may be called in the midst of an import

        from evensong.cli.commands import app
        from evensong.errors import EvensongError, is_no_room

        try:
            app()
        except EvensongError as error:
            print(f"evensong: {error.message}", file=sys.stderr)
            sys.exit(1)
        finally:
            sys.stdout.flush()  # here an error can still be told, at Python's own end it could not
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away: `evensong ... | head`
        _drop_output()
        sys.exit(141)
    except OSError as error:
        if not is_no_room(error):
            raise
        _drop_output()
        where = error.filename or "what this command prints"
        print(f"evensong: There is no room for {where} ({error.strerror}): free some space there.", file=sys.stderr)
        sys.exit(1)


def _interrupt_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Ctrl-C that fell into a destructor or a callback, of the import system for one, would be printed and lost. Raised
    here it would be lost again."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        import _thread
        import threading

        again = threading.Timer(_AGAIN_S, _thread.interrupt_main)
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)


def _drop_output() -> None:
    """Python would try to write what is left when it ends, and complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
