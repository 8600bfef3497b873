"""The sockets that a server listens on: taken before any slow work, so that a busy port is told at once."""

import errno
import os
import socket

from doctorsun.errors import RecipeError

_NO_SUCH_ADDRESS_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def listen(host: str, port: int) -> list[socket.socket]:
    """Take a port on every address of a host; connections wait until they are accepted.

    Args:
        host: a name or an address of this machine.
        port: 0 lets the system choose.

    Raises:
        RecipeError: the host is not known or not of this machine, or the port is not free.
    """
    sockets: list[socket.socket] = []
    try:
        addresses = _addresses(host, port)
        for family, address in addresses:
            try:
                sockets.append(socket.create_server((address, _port_of(sockets, port)), family=family))
            except OSError as error:
                # A name may have an IPv6 address on a machine that has no IPv6; another address will do.
                if error.errno not in _NO_SUCH_ADDRESS_HERE or ((family, address) == addresses[-1] and not sockets):
                    raise
    except (OSError, UnicodeError) as error:
        for taken in sockets:
            taken.close()
        raise _refusal(host, port, error) from error
    return sockets


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _port_of(sockets: list[socket.socket], port: int) -> int:
    return int(sockets[0].getsockname()[1]) if sockets else port


def _refusal(host: str, port: int, error: OSError | UnicodeError) -> RecipeError:
    is_busy = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
    return RecipeError(
        f"serving on {host}, port {port}",
        got="a port that another program uses" if is_busy else _reason(error),
        expected="an address of this machine with a free port",
        do="choose another port with --port, or stop the other program" if is_busy else "correct --host or --port",
    )


def _reason(error: OSError | UnicodeError) -> str:
    """Return the system's words, without the address that Python adds to them."""
    code = error.errno if isinstance(error, OSError) else None
    if code is not None and code in errno.errorcode:
        return os.strerror(code)
    return str(getattr(error, "strerror", None) or error)
