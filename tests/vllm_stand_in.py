"""Stands in for ``vllm serve``: takes the options that we give it, no others, and gives scripted answers."""

import argparse
import json
import os
import sys

import uvicorn

from backend_fakes import CARD, ScriptedBackend


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("model")
    for option in ("--uds", "--served-model-name"):
        parser.add_argument(option, required=True)
    parser.add_argument("--limit-mm-per-prompt", type=json.loads)
    parser.add_argument("--generation-config", choices=["vllm"])
    parser.add_argument("--shutdown-timeout", type=int)
    parser.add_argument("--no-enable-log-requests", action="store_true")
    parser.add_argument("--disable-uvicorn-access-log", action="store_true")
    given = parser.parse_args()
    backend = ScriptedBackend()
    backend.cards = {"data": [{**CARD, "id": given.served_model_name}]}
    sys.stdout.write(json.dumps({"pid": os.getpid(), "images": given.limit_mm_per_prompt, "model": given.model}) + "\n")
    sys.stdout.flush()
    uvicorn.run(backend.app(), uds=given.uds, log_level="critical")


if __name__ == "__main__":
    main()
