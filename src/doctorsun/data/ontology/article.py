"""Article: the English name of a finding as it stands in a sentence, for terms that do not tell it."""

import re

_AN = re.compile(r"(?i:(?!eu|ewe|on[ce]|uni(?!n)|u[rst][aeiou])[aeiou]|hour)|[AEFHILMNORSX](?=[A-Z0-9-]|\b)")
"""How words begin that sound like a vowel: ulcer and hour, but not uterus; MRI and X-ray, spelt letter by letter."""
_UNCOUNTED = re.compile(
    r"(osis|itis|asis|ia|o?edema|emphysema|egaly|cephalus|ing|ism|ation|estion|disease|caries|ascites|matter|fluid"
    r"|tissue|mucus|mucosa|debris|muscle|stroma|epithelium|[^su]s)$",
    re.IGNORECASE,
)
"""How words end that name no single thing: fibrosis, gastritis, pneumonia, thickening; and plurals."""


def with_article(name: str) -> str:
    """Return an English name with ``a`` or ``an``; as it is where it is plural or cannot be counted.

    Countability is guessed by the ending: nine of ten names of the ontology are as a person wrote them.
    """
    head = name.partition(" of ")[0]
    if _UNCOUNTED.search(head):
        return name
    return f"an {name}" if _AN.match(name) else f"a {name}"
