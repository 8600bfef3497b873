"""What a server offers, to whom, and its limits."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from doctorsun.errors import RecipeError
from doctorsun.serve.keys import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """The settings of one server.

    Attributes:
        model_name: the name that clients ask for.
        revision: names the weights exactly; every answer carries it.
        uds: the Unix socket, in place of host and port.
        keys: those of its clients; required where other machines can reach the server.
        engine: what kind of engine answers.
        max_open: requests that wait or run at once; more are refused with 429.
        max_held_bytes: bodies that are read and pictures that are asked about, of all requests together; beyond it more
            are refused with 429.
        max_image_pixels: width times height, checked before an image is decoded.
        body_timeout_s: how long a client may take to send a question.
        reading_timeout_s: how long a client may read nothing of an answer that is streamed to it.
    """

    model_name: str
    revision: str
    host: str = "127.0.0.1"
    port: int = 8000
    uds: Path | None = None
    keys: Keys | None = None
    engine: Literal["local", "remote", "vllm"] = "local"
    max_open: int = 128
    max_body_bytes: int = 32 * 2**20
    max_held_bytes: int = 2**30
    max_images: int = 8
    max_image_pixels: int = 32_000_000
    body_timeout_s: float = 60.0
    reading_timeout_s: float = 30.0

    def __post_init__(self) -> None:
        if not self.is_loopback and self.keys is None:
            raise RecipeError(
                f"serving on {self.host}",
                got="no API key",
                expected="one, since other machines can reach this address",
                do="set DOCTORSUN_API_KEY, name a file with --keys, or serve on 127.0.0.1",
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.uds:
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
