"""Import weights slowly enough to be killed: each shard's worth of bytes is announced, and waits for a line."""

import sys
from pathlib import Path

from doctorsun.weights.import_weights import ImportRequest, import_weights

SHARD_BYTES = 10_000


def announce(done: int, _: int) -> None:
    """Say how many bytes are done, and wait for a line that allows more."""
    print(done, flush=True)  # noqa: T201 (the test reads it)
    sys.stdin.readline()


def main(published: Path, out: Path) -> None:
    """Import a language model with the tower and the projector that lie beside it."""
    request = ImportRequest(vision=published / "vision", projector=published / "projector")
    import_weights(published / "language", out, request, watch=announce, shard_bytes=SHARD_BYTES)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
