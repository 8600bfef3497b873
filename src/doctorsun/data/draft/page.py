"""The page of a drafted adapter: YAML with a remark at everything that a person has to say or check."""

from collections.abc import Iterator
from typing import Any

import yaml

from doctorsun.data.draft.layout import Layout
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import LANGUAGES

FILL_IN = "FILL_IN"
HINTS = {
    "modality": "an id of the ontology: xray, ct, mr, ultrasound, fundus, endoscopy ...",
    "anatomy": "chest, abdomen, brain, skin ...; or remove the line",
    "department": "radiology, pathology, dermatology ...; or remove the line",
}


def page_of(name: str, layout: Layout, ontology: Ontology, *, is_whole: bool) -> str:
    """Write the page.

    Args:
        name: of the data set.
        layout: what was guessed.
        ontology: where the labels are looked up.
        is_whole: whether every file of the folder was looked at.
    """
    return "\n".join([*_head(name, layout, is_whole=is_whole), *_labels(layout, ontology), *_tail(layout)]) + "\n"


def _head(name: str, layout: Layout, *, is_whole: bool) -> Iterator[str]:
    yield "# A draft: replace every FILL_IN, and check what else has a remark."
    if not is_whole:
        yield "# The folder is large: only its first files were looked at, so labels and splits may be missing."
    for remark in layout.remarks:
        yield f"# Note: {remark}."
    yield f"dataset: {_text(name)}"
    yield f"title: {_text(name)}"
    yield f"url: {FILL_IN}  # where the data set is described"
    yield f"licence: {FILL_IN}  # an SPDX identifier such as CC-BY-4.0, or the publisher's name for its terms"
    for key, hint in HINTS.items():
        if key not in layout.told:
            yield f"{key}: {FILL_IN}  # {hint}"
    for key, value in layout.told.items():
        yield from _yaml({key: value}, default_flow_style=False if isinstance(value, str) else None)
    yield f"task: {layout.task}"


def _labels(layout: Layout, ontology: Ontology) -> Iterator[str]:
    if not layout.labels:
        return
    names = names_of(ontology)
    yield "labels:  # the data set's label: an id of the ontology, or null to leave it out"
    for label in layout.labels:
        known = names.get(_folded(label)) or names.get(_folded(label).removesuffix("s"), [])
        value = f"{known[0]}  # check" if len(known) == 1 else f"{FILL_IN}  # {' or '.join(known)}".rstrip("# ")
        yield f"  {_text(label)}: {value}"
    yield "exhaustive: false  # true where a label that an image does not have is known to be absent"


def _tail(layout: Layout) -> Iterator[str]:
    if layout.splits:
        values = ", ".join(f"{_text(name)}: {split}" for name, split in layout.splits.items())
        yield 'split: {field: "{split}", values: {' + values + "}}"
    else:
        yield 'split: {hash: "{patient}"}  # 5 % validation, 10 % test; by file where no patient is told'
    if "patient" not in layout.told:
        yield '# patient: "{patient}"  # a template of the parts of the paths or columns that name the patient: tell it'
    yield from _yaml({"reader": layout.reader})


def names_of(ontology: Ontology) -> dict[str, list[str]]:
    """Return the ids of the findings that go by each name."""
    found: dict[str, list[str]] = {}
    for term in ontology.findings.values():
        names = {_folded(name) for language in LANGUAGES for name in term.term.names(language)}
        for name in names | {_folded(term.id)}:
            found.setdefault(name, []).append(term.id)
    return found


def _folded(text: str) -> str:
    return " ".join(text.replace("_", " ").replace("-", " ").casefold().split())


def _yaml(values: dict[str, Any], *, default_flow_style: bool | None = False) -> list[str]:
    """Write keys in their order; without a style of its own, what holds no further collections stands in one line."""
    text = yaml.safe_dump(values, default_flow_style=default_flow_style, allow_unicode=True, sort_keys=False, width=110)
    return text.replace("? '' :", "'':").splitlines()


def _text(value: str) -> str:
    """Write a text as YAML, in quotes where it needs them."""
    return yaml.safe_dump(value, allow_unicode=True, width=10_000).removesuffix("...\n").strip()
