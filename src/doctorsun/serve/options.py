"""ServerOptions: what a server is told when it starts, as far as it makes sense together."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from doctorsun.errors import RecipeError

EngineKind = Literal["local", "remote", "vllm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """The options of one server.

    Attributes:
        folder: a run or a folder of weights; for an engine elsewhere it only tells which weights those are.
        state: the folder for what the server keeps.
        host: where to listen.
        port: where to listen; 0 lets the system choose.
        uds: the Unix socket to listen at, in place of host and port.
        engine: ``local``, ``vllm``, or the URL of a server.
        engine_key: what that server wants to see.
        name: of the model; the folder's name, or what the engine calls it, when not given.
        api_key: what clients must present.
        keys: a file with the keys of several clients.
        abstain: the share of wrong answers to closed questions that is accepted; None answers always.
        drain_s: how long answers may take to end when the server is stopped.
    """

    folder: Path | None
    state: Path
    host: str = "127.0.0.1"
    port: int = 8000
    uds: Path | None = None
    engine: str = "local"
    engine_key: str | None = None
    name: str | None = None
    api_key: str | None = None
    keys: Path | None = None
    abstain: float | None = None
    drain_s: float = 30.0

    def __post_init__(self) -> None:
        if self.engine not in ("local", "vllm") and self.kind != "remote":
            raise RecipeError("--engine", got=self.engine, expected="local, vllm, or a URL that begins with http")
        if self.folder is None and self.kind != "remote":
            expected = "a run or a folder of weights before the options"
            raise RecipeError(f"serving with the engine {self.engine}", got="no weights", expected=expected)
        if self.folder is None and self.abstain is not None:
            do = "name the weights that the engine serves"
            raise RecipeError("--abstain", got="no weights", expected="their calibration beside them", do=do)
        if self.api_key and self.keys:
            do = "write its hash into the file, or leave the file out"
            raise RecipeError("keys", got="DOCTORSUN_API_KEY and --keys", expected="one of them", do=do)

    @property
    def kind(self) -> EngineKind:
        """Which of the three kinds of engine is meant."""
        if self.engine.startswith(("http://", "https://")):
            return "remote"
        return "vllm" if self.engine == "vllm" else "local"
