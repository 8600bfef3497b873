"""How vLLM is started: in its own environment, on a Unix socket, asking nothing of the network."""

import json
import os
import shutil
from pathlib import Path

from doctorsun.errors import MissingDependency
from doctorsun.serve.engine_process import EngineCommand

PROGRAM_VARIABLE = "DOCTORSUN_VLLM"
_QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}


def vllm_command(weights: Path, name: str, state: Path, *, max_images: int, drain_s: float) -> EngineCommand:
    """Return the command that serves weights by vLLM.

    Args:
        weights: a folder of weights.
        name: of the model.
        state: the folder for its socket and its log.
        max_images: of a question.
        drain_s: how long it may finish its answers when it is stopped.

    Raises:
        MissingDependency: there is no vLLM.

    Source: the options of ``vllm serve``, from 0.18.
    """
    words = (
        find_vllm(),
        "serve",
        str(weights.resolve()),
        f"--uds={state / 'engine.sock'}",
        f"--served-model-name={name}",
        f"--limit-mm-per-prompt={json.dumps({'image': max_images})}",
        "--generation-config=vllm",  # no sampling settings but those of the question
        f"--shutdown-timeout={max(1, round(drain_s))}",
        "--no-enable-log-requests",  # they hold the words of the question
        "--disable-uvicorn-access-log",
    )
    return EngineCommand(
        words=words,
        socket=state / "engine.sock",
        health="/health",
        log=state / "engine.log",
        environ=_QUIET,
    )


def find_vllm() -> str:
    """Return the program that ``DOCTORSUN_VLLM`` names, or the one on the path.

    Raises:
        MissingDependency: there is none.
    """
    named = os.environ.get(PROGRAM_VARIABLE)
    found = shutil.which(named or "vllm")
    if found is None:
        raise MissingDependency(
            "the engine vLLM",
            got=f"no program {named or 'vllm'!r}",
            expected="vLLM 0.18 or later in an environment of its own",
            do=f"python3 -m venv vllm && vllm/bin/pip install vllm && export {PROGRAM_VARIABLE}=$PWD/vllm/bin/vllm",
        )
    return found
