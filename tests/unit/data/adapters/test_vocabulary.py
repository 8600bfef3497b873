from pathlib import Path

import pytest

from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.adapters.vocabulary import ontology_of
from doctorsun.errors import RecipeError

PAGE = """\
dataset: own
title: Own
url: https://example.org
licence: CC0-1.0
modality: endoscopy
anatomy: colon
task: classification
labels:
  a: polyp
  b: null
reader: {kind: class_folders, images: "{label}/{name}.png"}
"""
TERMS = """\
terms:
  spotted_polyp: {en: [spotted polyp], zh: [斑点状息肉], parent: PARENT}
"""


def page(folder: Path, text: str) -> str:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_every_unknown_id_is_told_with_its_place(tmp_path: Path):
    text = PAGE.replace("endoscopy", "endoskopy").replace("a: polyp", "a: polip") + "incomplete: [polip]\n"

    with pytest.raises(RecipeError) as caught:
        load_adapter(page(tmp_path, text))

    first, second, third = caught.value.text().splitlines()
    assert "own.yaml:5:11: modality: not an id of the ontology: got 'endoskopy'" in first
    assert "did you mean 'endoscopy'?" in first
    assert "own.yaml:9:6: labels.a: not an id of the ontology: got 'polip'" in second
    assert "own.yaml:12:13: incomplete: not an id of the ontology: got 'polip'" in third


def test_a_draft_is_not_taken_for_a_page(tmp_path: Path):
    text = PAGE.replace("https://example.org", "FILL_IN").replace("CC0-1.0", "FILL_IN")

    with pytest.raises(RecipeError) as caught:
        load_adapter(page(tmp_path, text))

    first, second = caught.value.text().splitlines()
    assert "own.yaml:3:6: url: not filled in: got 'FILL_IN', expected where the data set is described" in first
    assert "own.yaml:4:10: licence: not filled in: got 'FILL_IN', expected the terms of the data set" in second


def test_the_values_of_a_rule_are_checked_too(tmp_path: Path):
    rule = 'modality: {field: "{kind}", values: {x: xray, y: nonsense}}'
    with pytest.raises(RecipeError, match=r"own.yaml:5:\d+: modality.values.y: not an id .* got 'nonsense'"):
        load_adapter(page(tmp_path, PAGE.replace("modality: endoscopy", rule)))


def test_an_adapter_may_bring_terms_of_its_own(tmp_path: Path):
    text = PAGE.replace("a: polyp", "a: spotted_polyp") + TERMS.replace("PARENT", "finding")

    ontology = ontology_of(load_adapter(page(tmp_path, text)))

    assert ontology.finding("spotted_polyp").zh == ("斑点状息肉",)
    assert ontology.kind("spotted_polyp") == "finding"
    assert "spotted_polyp" not in ontology_of(load_adapter("bloodmnist")).findings


@pytest.mark.parametrize(
    ("given", "phrase"),
    [("", "a spotted polyp"), (', an: ""', "spotted polyp"), (", an: one spotted polyp", "one spotted polyp")],
)
def test_a_term_takes_the_article_of_its_name_unless_it_tells_its_own(tmp_path: Path, given: str, phrase: str):
    terms = TERMS.replace("PARENT", f"finding{given}")
    ontology = ontology_of(load_adapter(page(tmp_path, PAGE.replace("a: polyp", "a: spotted_polyp") + terms)))
    assert ontology.finding("spotted_polyp").term.phrase("en") == phrase


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (
            TERMS.replace("PARENT", "nowhere"),
            r"own.yaml:13:61: terms.spotted_polyp.parent: got 'nowhere', expected one of",
        ),
        (
            TERMS.replace("spotted_polyp:", "polyp:").replace("PARENT", "finding"),
            r"own.yaml:13:3: terms.polyp: got an id that is taken, expected a new one; use the one there is",
        ),
        (
            TERMS.replace("PARENT", "finding").replace("spotted_polyp:", "Spotted Polyp:"),
            r"own.yaml:13:3: terms.Spotted Polyp: got the id 'Spotted Polyp', expected lower case letters",
        ),
        (
            TERMS.replace("PARENT", "digestive_lesion").replace("[spotted polyp", "[polyp"),
            r"own.yaml:13:23: terms.spotted_polyp.en: got 'polyp', expected a name that its sibling '\w+' has not",
        ),
        (
            TERMS.replace("PARENT", "finding").replace("}", ", grade: 1}"),
            r"own.yaml:12:1: terms: ontology: findings.finding: got grades \[1\], expected 0, 1, 2",
        ),
    ],
)
def test_a_term_that_does_not_fit_is_told(tmp_path: Path, terms: str, message: str):
    with pytest.raises(RecipeError, match=message):
        load_adapter(page(tmp_path, PAGE + terms))
