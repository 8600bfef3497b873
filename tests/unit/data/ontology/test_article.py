import pytest

from doctorsun.data.ontology.article import with_article
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.ontology.terms import FindingTerm

COUNTED = [
    term
    for term in load_ontology().findings.values()
    if not term.exclusive and term.grade is None and not term.an.startswith(("the ", "another "))
]
ARTICLES = ("a ", "an ")


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("rib plate", "a rib plate"),
        ("ulcer", "an ulcer"),
        ("uterine clip", "a uterine clip"),
        ("umbilical cyst", "an umbilical cyst"),
        ("unilateral mass", "a unilateral mass"),
        ("uninfected cell", "an uninfected cell"),
        ("MRI marker", "an MRI marker"),
        ("CT marker", "a CT marker"),
        ("X-ray marker", "an X-ray marker"),
        ("fibrosis of the lung", "fibrosis of the lung"),
        ("abscess of the lung", "an abscess of the lung"),
        ("pleural thickening", "pleural thickening"),
        ("varices", "varices"),
        ("thrombus", "a thrombus"),
    ],
)
def test_names_with_their_article(name: str, phrase: str):
    assert with_article(name) == phrase


def test_the_article_is_the_one_that_people_wrote():
    derived = {term.en[0]: with_article(term.en[0]) for term in COUNTED if term.an in _both(term)}
    wrong = {name: phrase for name, phrase in derived.items() if phrase not in (name, _written(name))}
    assert len(derived) > 200
    assert wrong == {}


def test_most_names_that_take_an_article_get_one_and_others_do_not():
    right = [term for term in COUNTED if with_article(term.en[0]) == (term.an or term.en[0])]
    assert len(right) / len(COUNTED) > 0.85


def _both(term: FindingTerm) -> list[str]:
    return [f"{article}{term.en[0]}" for article in ARTICLES]


def _written(name: str) -> str:
    return next(term.an for term in COUNTED if term.en[0] == name and term.an.startswith(ARTICLES))
