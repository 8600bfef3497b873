"""Files of published weights that nobody needs: tensors in an older format too, and what a trainer kept for itself."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

_MODEL = re.compile(r"model.*\.safetensors")
_AGAIN = re.compile(r"pytorch_model.*\.(bin|bin\.index\.json)|consolidated.*\.(pth|pt|safetensors)")
_OF_THE_TRAINER = re.compile(
    r"optimizer\.(pt|bin)|scheduler\.(pt|bin)|scaler\.pt|rng_state.*\.pth|training_args\.bin|trainer_state\.json"
)
_NEWEST, _STEP = "latest", re.compile(r"global_step\d+")  # of DeepSpeed's checkpoints: the one names the other
_ORIGINAL = "original"  # where Meta's repositories keep the format before transformers'


def spare_files(paths: Iterable[str]) -> set[str]:
    """Return those of some files that weights can do without.

    Tensors are there again where ``model*.safetensors`` stands beside ``pytorch_model*.bin`` or ``consolidated*``, or
    above ``original/consolidated*``: meta-llama/Llama-3.1-8B, mistralai/Mistral-7B-Instruct-v0.2 and others.
    """
    paths = list(paths)
    files = [PurePosixPath(path) for path in paths]
    with_model = {file.parent for file in files if _MODEL.fullmatch(file.name)}
    return trainer_files(paths) | {str(file) for file in files if _is_again(file, with_model)}


def trainer_files(paths: Iterable[str]) -> set[str]:
    """Return those of some files that a trainer kept to go on by: its states, and the name of a step that is not there.

    The pickles among them tell of the machine and its folders, and are run by whoever loads them.
    """
    files = [PurePosixPath(path) for path in paths]
    with_steps = {file.parents[1] for file in files if _STEP.fullmatch(file.parent.name)}
    return {
        str(file)
        for file in files
        if _OF_THE_TRAINER.fullmatch(file.name) or (file.name == _NEWEST and file.parent not in with_steps)
    }


def _is_again(file: PurePosixPath, with_model: set[PurePosixPath]) -> bool:
    folder = file.parent.parent if file.parent.name == _ORIGINAL else file.parent
    return folder in with_model and _AGAIN.fullmatch(file.name) is not None
