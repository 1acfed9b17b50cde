"""Processes that a command starts, and that must not outlive it."""

import ctypes
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent() -> None:
    """For `preexec_fn`: have the kernel end this process when the one that started it ends.

    Who is killed (kill -9, out of memory) can clean up nothing, and a process that goes on would
    hold memory and do work that the next command does again (prctl(2); Linux only).
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
