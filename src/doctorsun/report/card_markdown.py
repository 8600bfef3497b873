"""The card of a store in Markdown, English and then Chinese, with the front matter of a Hugging Face data set."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from doctorsun.report import formats
from doctorsun.report.card import LANGUAGES, SPLITS, Card
from doctorsun.report.card_page import top
from doctorsun.report.names import readable
from doctorsun.report.page import TEMPLATES
from doctorsun.report.store_facts import GROUPS
from doctorsun.report.strings import Language, translate, translate_number
from doctorsun.schema.licence import hub_licence

SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
LARGEST = "10M<n<100M"
NUM_LABELS = 30
MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
TASKS_OF_KINDS = {"mcq": "multiple-choice", "mcq_multi": "multiple-choice", "box": "object-detection"}
TASKS_OF_FAMILIES = {"translation": "translation", "report": "image-to-text", "caption": "image-to-text"}


def render_markdown(card: Card, num_here: Mapping[str, int] | None = None) -> str:
    """Return the card; what the store's texts hold is shown and never formats.

    Args:
        card: of the store.
        num_here: samples by split in the folder of an export, which may be a part of them; its files are those of
            `doctorsun.data.export.hugging_face`.
    """
    head = front_matter(card)
    part: Mapping[str, int] = {}
    if num_here is not None:
        files = [{"split": name, "path": f"data/{name}-*"} for name in num_here]
        head = {"configs": [{"config_name": "default", "data_files": files}]} | head
        head["size_categories"] = [_size(sum(num_here.values()))]
        part = num_here if sum(num_here.values()) < card.num_rows else {}
    header = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=1000)
    return f"---\n{header}---\n\n{_body(card, 'en', part)}\n---\n\n{_body(card, 'zh', part)}"


def front_matter(card: Card) -> dict[str, Any]:
    """Return what the hub reads of a data set.

    Source: https://github.com/huggingface/hub-docs/blob/main/datasetcard.md
    """
    spoken = {"en", "zh"} if "mixed" in card.counts["language"] else set(card.counts["language"])
    facts: dict[str, Any] = {"pretty_name": card.manifest.name, "language": sorted(spoken)}
    facts |= _licence(card.licences)
    facts |= {"size_categories": [_size(card.num_rows)], "task_categories": _task_categories(card)}
    if "medical" in card.counts["domain"]:
        facts["tags"] = ["medical"]
    return {name: value for name, value in facts.items() if value}


def _size(num_samples: int) -> str:
    return next((name for limit, name in SIZES if num_samples < limit), LARGEST)


def _licence(names: list[str]) -> dict[str, str]:
    if not names:
        return {}
    known = hub_licence(names[0]) if len(names) == 1 else None
    if known:
        return {"license": known}
    return {"license": "other", "license_name": "mixed" if len(names) > 1 else names[0] or "unknown"}


def _task_categories(card: Card) -> list[str]:
    has_images = bool(card.facts.images.num or card.facts.images.num_missing)
    asked = ["visual-question-answering"] * has_images + ["question-answering"] * card.has_texts_alone
    kinds = [TASKS_OF_KINDS[kind] for kind in card.counts["kind"] if kind in TASKS_OF_KINDS]
    families = [TASKS_OF_FAMILIES[name] for name in card.counts["task"] if name in TASKS_OF_FAMILIES]
    texts = [name for name in families if has_images or name != "image-to-text"]
    return list(dict.fromkeys([*asked, *kinds, *texts])) if card.num_rows else []


def _body(card: Card, language: Language, part: Mapping[str, int]) -> str:
    environment = Environment(  # noqa: S701 (Markdown, which `plain` escapes)
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": True}
    names = ("percent", "whole", "size")
    environment.filters.update({name: getattr(formats, name) for name in names})
    environment.filters.update(readable=partial(readable, language=language), plain=plain)
    return environment.get_template("card.md.jinja").render(
        card=card,
        facts=card.facts,
        splits=SPLITS,
        languages=LANGUAGES,
        groups=GROUPS,
        fields=("language", "modality", "task", "split", "kind", "made_by", "class", "domain"),
        top=top,
        labels=card.facts.labels.most_common(),
        num_labels=NUM_LABELS,
        t=lambda *keys: translate(".".join(keys), language),
        tn=lambda number, key: translate_number(number, key, language),
        part=part,
    )


def plain(text: str) -> str:
    """Return text that Markdown shows as it stands, on one line: breaks of lines become ``<br>``."""
    return re.sub(r"\s*\n\s*", "<br>", MARKS.sub(r"\\\1", text.strip()))
