"""What the configuration of an xtuner training says about its weights; the file is read as text and never run.

Names: InternLM/xtuner@81d66e6, xtuner/model/llava.py (LLaVAModel), xtuner/dataset/llava.py (LLaVADataset) and
xtuner/utils/templates.py (PROMPT_TEMPLATE).
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from doctorsun.errors import WeightsError
from doctorsun.weights.lora_settings import LoraSettings, lora_settings
from doctorsun.weights.part_names import PartName
from doctorsun.weights.parts import ImageFit
from doctorsun.weights.python_text import MAX_CHARACTERS, UNREAD, read_values

MODEL = "LLaVAModel"
CONFIG_FILE = "xtuner_config.py"
FITS: Mapping[bool, ImageFit] = {True: "pad", False: "crop"}
CHATS = {
    "llama3_chat": "llama3",
    "internlm2_chat": "chatml",
    "qwen_chat": "chatml",
    "vicuna": "vicuna_v1",
    "mistral": "mistral_instruct",
}
NO_CONFIGURATION = "no configuration of the training stands beside it"
LORAS: Mapping[PartName, str] = {"vision": "visual_encoder_lora", "language": "llm_lora"}
BASES = {"llm": "--language", "visual_encoder": "--vision"}


@dataclass(frozen=True, slots=True, kw_only=True)
class XtunerSettings:
    """What a configuration says; empty where there is none.

    Attributes:
        model: settings of LLaVAModel.
        fit: how images entered; None where nobody says, or data sets differ.
        chat: name of our template; None where it has none.
        where: the file, for messages.
        strange: what a reader should know.
    """

    model: Mapping[str, Any]
    fit: ImageFit | None
    chat: str | None
    where: str
    strange: tuple[str, ...]

    @property
    def feature_layer(self) -> int | None:
        """Hidden state of the tower that the projector reads; None where nobody says."""
        layer = self.model.get("visual_select_layer")
        return layer if type(layer) is int else None

    def lora(self, part: PartName, alpha: float | None) -> LoraSettings | None:
        """Return the settings of a LoRA; None where nobody says them.

        Args:
            part: that it changes.
            alpha: what the user says of it where the configuration does not.

        Raises:
            WeightsError: it is no plain LoRA, a setting has the wrong type or is not written out, or the user says
                another alpha.
        """
        said, name = self.model.get(LORAS[part]), f"{self.where}: {LORAS[part]}"
        if not isinstance(said, Mapping):
            return None if alpha is None else LoraSettings(alpha=alpha, where="--lora-alpha")
        settings = {key: value for key, value in cast("Mapping[str, Any]", said).items() if key != "type"}
        unread = sorted(key for key, value in settings.items() if value is UNREAD)
        if unread and alpha is None:
            raise WeightsError(
                f"{name}: {unread[0]}",
                got="a value that only running the file would tell",
                expected="a plain value",
                do=f"write the value there, or give --lora-alpha {part}=N",
            )
        plain = {key: value for key, value in settings.items() if key not in unread}
        read = lora_settings(plain, where=name, alpha=alpha)
        return replace(read, rank=None) if "r" in unread else read


def settings_beside(folder: Path) -> XtunerSettings:
    """Read the configuration that mmengine keeps beside its checkpoints; none where there is none, or several."""
    files = [path for path in sorted(folder.glob("*.py")) if path.is_file() and os.access(path, os.R_OK)]
    small = [path for path in files if path.stat().st_size <= MAX_CHARACTERS]
    texts = {path: path.read_text(encoding="utf-8-sig", errors="replace") for path in small}
    found = [path for path, text in texts.items() if MODEL in text]
    if len(found) == 1:
        return settings_of(texts[found[0]], where=f"{found[0]}")
    names = ", ".join(path.name for path in found)
    silent = f"{CONFIG_FILE} sets no model ({MODEL})" if folder / CONFIG_FILE in texts else NO_CONFIGURATION
    seen = f"several configurations of the training stand beside it ({names})" if found else silent
    strange = (f"{seen}: feature layer and fit unknown",)
    return XtunerSettings(model={}, fit=None, chat=None, where=f"{folder}", strange=strange)


def settings_of(text: str, *, where: str) -> XtunerSettings:
    """Read the text of a configuration; of a text that is no Python, nothing.

    Args:
        text: of the file, as written or as mmengine prints it.
        where: the file, for messages.
    """
    try:
        values = read_values(text)
    except ValueError as error:
        strange = (f"{where} is not readable: {error}",)
        return XtunerSettings(model={}, fit=None, chat=None, where=where, strange=strange)
    model = values.get("model")
    model = cast("Mapping[str, Any]", model) if isinstance(model, Mapping) else {}
    fits = _fits(values)
    template = str(values.get("prompt_template", "")).rpartition(".")[2]
    return XtunerSettings(
        model=model,
        fit=FITS[fits.pop()] if len(fits) == 1 else None,
        chat=CHATS.get(template),
        where=where,
        strange=(*_named_bases(model), *_strange_images(fits, template)),
    )


def _fits(values: Mapping[str, Any]) -> set[bool]:
    """Return what the data sets of the training say of ``pad_image_to_square``."""
    found: set[bool] = set()
    waiting: list[Any] = [values.get("train_dataloader", values.get("train_dataset", values.get("llava_dataset")))]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            settings = cast("dict[str, Any]", value)
            pad = settings.get("pad_image_to_square")
            found |= {pad} if isinstance(pad, bool) else set()
            waiting += settings.values()
        elif isinstance(value, list):
            waiting += cast("list[Any]", value)
    return found


def _named_bases(model: Mapping[str, Any]) -> Iterator[str]:
    for name, option in BASES.items():
        base = model.get(name)
        path = (
            cast("Mapping[str, Any]", base).get("pretrained_model_name_or_path") if isinstance(base, Mapping) else None
        )
        if isinstance(path, str):
            yield f"{name} {path!r}, where the training began, is not followed: {option} gives it where it is needed"


def _strange_images(fits: set[bool], template: str) -> Iterator[str]:
    if len(fits) > 1:
        yield "pad_image_to_square differs between the data sets: say how images enter"
    if template and template not in CHATS:
        yield f"the prompt template {template!r} has no counterpart here: say --chat"
