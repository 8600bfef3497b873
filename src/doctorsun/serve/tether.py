"""Runs a command that ends when its parent does: ``python -m doctorsun.serve.tether PARENT COMMAND...``."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # Linux, prctl(2)


def main() -> None:
    """Tie this process to its parent, and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    os.umask(0o077)  # its socket is for this user alone
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # else it ended before we were tied to it
        os.execvp(command[0], command)  # noqa: S606 (the point of it)


if __name__ == "__main__":
    main()
