import subprocess
import sys

import pytest

FIRST = "import os, socket, sys\nfrom doctorsun.image.confinement import confine\nif not confine(): sys.exit(77)\n"


def confined(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that was confined."""
    done = subprocess.run([sys.executable, "-c", FIRST + code], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode == 77:
        pytest.skip("this system has no system call filters")
    return done


@pytest.mark.parametrize(
    "code",
    [
        "socket.socket()",
        "socket.create_connection(('127.0.0.1', 9))",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.kill(os.getppid(), 0)",
        "os.pidfd_open(os.getppid())",
    ],
)
def test_what_decoding_never_needs_is_refused(code: str) -> None:
    done = confined(code)
    assert done.returncode == 1
    assert "PermissionError: [Errno 1] Operation not permitted" in done.stderr


def test_work_goes_on() -> None:
    done = confined(
        "import threading, numpy, pydicom.pixels, PIL.Image\n"
        "thread = threading.Thread(target=print, args=['in a thread']); thread.start(); thread.join()\n"
        "print(int(numpy.ones(3).sum()), open('/dev/null').read() == '')"
    )
    assert done.stdout.split("\n")[:2] == ["in a thread", "3 True"], done.stderr
