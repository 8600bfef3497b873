"""How published weights can be loaded: as they are, by an import and with which options, or not and why."""

import re
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from doctorsun.errors import WeightsError
from doctorsun.processor.chat_families import ChatFamily, choose_family
from doctorsun.processor.tokenizer import IMAGE
from doctorsun.weights.complete import NOUNS, PARTS, PartName, complete, require_features
from doctorsun.weights.layouts import llava_hf
from doctorsun.weights.parts import LanguagePart, Published
from doctorsun.weights.vocabulary import Vocabulary

How = Literal["as it is", "import", "part", "merge", "no"]

OPTION = re.compile(r"--[a-z-]+(?: (?:[a-z]+=)?[A-Z]+)?")
ASKING: Mapping[PartName, str] = {
    "vision": "--vision FOLDER",
    "projector": "--projector FILE",
    "language": "--language FOLDER",
}
PROCESSOR_FILES = ("tokenizer.json", "chat_template.jinja", "processor_config.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """How weights can be loaded.

    Attributes:
        how: ``as it is``, by everything that reads stock folders; ``import`` first; as a ``part`` of an import or a
            recipe; ``merge`` into weights that are named; or ``no``.
        why: what stands in the way of more; empty where nothing does.
        options: of ``weights import``, that it needs, as ``--name WHAT``.
    """

    how: How
    why: str = ""
    options: tuple[str, ...] = ()

    def after(self, asked: Sequence[WeightsError]) -> "Loading":
        """Return how they load once the user has said what is asked of him, too."""
        if not asked or self.how == "no":
            return self
        options = dict.fromkeys(option for each in asked for option in refused(each).options)
        why = "; ".join([*([self.why] if self.why else []), *(each.text() for each in asked)])
        how = "merge" if self.how == "merge" else "import"
        return Loading(how=how, why=why, options=(*options, *self.options))


def how_it_loads(path: Path, published: Published, words: Vocabulary | WeightsError | None) -> Loading:
    """Say how weights can be loaded, from their headers and settings alone.

    Args:
        path: file or folder of the weights.
        published: what they hold.
        words: the tokens of their language model, or what is wrong with them; None where there are none.
    """
    missing: list[PartName] = [name for name in PARTS if getattr(published, name) is None]
    changed: list[PartName] = [name for name in PARTS if name in {adapter.part for adapter in published.adapters}]
    if len(missing) == len(PARTS):
        return Loading(how="merge", why=f"changes of {_named(changed)}, without the weights that they change")
    fault = published.vision and published.vision.fault
    unsaid = refused(fault) if fault else None
    if len(missing) == len(PARTS) - 1 and not changed:
        own: PartName = next(name for name in PARTS if name not in missing)
        why = [f"{_named([own])} alone", *([unsaid.why] if unsaid else [])]
        return Loading(how="part", why="; ".join(why), options=(*(unsaid.options if unsaid else ()), f"--{own}"))
    if isinstance(words, WeightsError):
        return refused(words)
    try:
        require_features(published.vision, published.projector)
        if not missing and not unsaid:
            complete(published)
    except WeightsError as refusal:
        return refused(refusal)
    obstacles = _obstacles(path, published, words)
    if not missing and not unsaid and not obstacles:
        return Loading(how="as it is")
    why = [*([f"no {_named(missing)}"] if missing else []), *([unsaid.why] if unsaid else [])] or [obstacles]
    parts = (*(ASKING[name] for name in missing), *(unsaid.options if unsaid else ()))
    return Loading(how="import", why="; ".join(why), options=(*parts, *_asked(published, words)))


def refused(refusal: WeightsError) -> Loading:
    """Return what an error says of weights that cannot be loaded, or not without the option that it asks for."""
    found: list[str] = OPTION.findall(refusal.do)
    options = (*found[:1], *(option for option in found[1:] if "=" in option))  # others are other ways to say the first
    return Loading(how="import" if options else "no", why=refusal.text(), options=options)


def chat_family(language: LanguagePart, vocabulary: Vocabulary) -> str | None:
    """Return the name of the chat template of a language model; None where nothing tells it."""
    family = family_of(language, vocabulary)
    return family and family.name


def family_of(language: LanguagePart, vocabulary: Vocabulary) -> ChatFamily | None:
    """Return the chat template of a language model; None where nothing tells it."""
    try:
        return choose_family(language.chat, vocabulary.ids, language.config["model_type"])
    except WeightsError:
        return None


def _named(parts: Sequence[PartName]) -> str:
    return " and ".join(NOUNS[part] for part in parts)


def _asked(published: Published, words: Vocabulary | None) -> tuple[str, ...]:
    """Return the options that say what the language model does not."""
    if published.language is None:
        return ()
    if words is None:
        return ("--tokenizer FOLDER",)
    return () if chat_family(published.language, words) else ("--chat NAME",)


def _obstacles(path: Path, published: Published, words: Vocabulary | None) -> str:
    """Return why weights with every part are no stock folder yet; empty where they are one."""
    if published.layout != llava_hf.NAME:
        return f"the layout {published.layout}, which stock readers do not know"
    if published.adapters:
        return "changes that are not joined"
    if not any(path.glob("*.safetensors")):
        return "pickles in place of safetensors"
    absent = [name for name in PROCESSOR_FILES if not (path / name).is_file()]
    if absent:
        return f"no {' and no '.join(absent)}"
    marked = [file.name for file in sorted(path.glob("*.json")) if _is_marked(file)]
    if marked:
        return f"a byte order mark before {' and '.join(marked)}, at which stock readers stop"
    return "" if words is not None and IMAGE in words.ids else f"no token {IMAGE}"


def _is_marked(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(BOM_UTF8)) == BOM_UTF8
