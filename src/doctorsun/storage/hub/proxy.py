"""The proxy that the environment names for a service; clients that read no such variables are told it."""

from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from doctorsun.errors import RecipeError

PORTS: Mapping[str, int] = {"http": 80, "https": 443}
"""Of proxies whose address names none; also the kinds of proxies that there are."""


def proxy_of(url: str) -> dict[str, str | int] | None:
    """Return the proxy for a service as pyarrow's client takes it; None where the service is asked straight.

    HTTP_PROXY or HTTPS_PROXY by the service's scheme, else ALL_PROXY, in capitals or not; NO_PROXY names hosts, ends of
    hosts, or ``*``. So do the clients of the hubs.

    Args:
        url: of the service; ``http://`` or ``https://``.

    Raises:
        RecipeError: the variable holds no address of a proxy that speaks HTTP.
    """
    service, proxies = urlsplit(url), getproxies_environment()
    name = next((name for name in (service.scheme, "all") if proxies.get(name)), None)
    if name is None or proxy_bypass(service.netloc, proxies):
        return None
    parts, port = _parts(proxies[name], f"{name.upper()}_PROXY")
    host = parts.hostname or ""
    proxy: dict[str, str | int] = {"scheme": parts.scheme, "host": f"[{host}]" if ":" in host else host, "port": port}
    if parts.username is not None:
        proxy |= {"username": unquote(parts.username), "password": unquote(parts.password or "")}
    return proxy


def _parts(text: str, variable: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port or PORTS.get(parts.scheme)
        if port is not None and parts.hostname and parts.scheme in PORTS:
            return parts, port
    except ValueError:
        pass  # a port or an IPv6 address that is none
    raise RecipeError(
        f"the proxy in {variable}",
        got="one that the client of object storage cannot use",  # itself not repeated: it may hold a password
        expected="http://host:port, with user:password@ before the host if need be",
        do="name another, or name the service in NO_PROXY",
    )
