"""What a licence allows, in six classes from free to strict, by its SPDX name or the publisher's own."""

import re
from collections.abc import Iterable
from typing import Literal, get_args

LicenceClass = Literal["permissive", "attribution", "share-alike", "non-commercial", "agreement", "unknown"]
CLASSES: tuple[LicenceClass, ...] = get_args(LicenceClass)
"""From the freest to the strictest; a licence that nobody stated allows nothing until somebody asks."""

_CREATIVE_COMMONS = re.compile(r"cc-by(?P<nc>-nc)?(?P<nd>-nd)?(?P<sa>-sa)?(-[\d.]+)?(-[a-z]{2,4})?")
_NAMED: dict[str, LicenceClass] = {
    **dict.fromkeys(("mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc", "0bsd", "unlicense"), "permissive"),
    **dict.fromkeys(("cc0-1.0", "pddl-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0"), "permissive"),
    "odc-by-1.0": "attribution",
    "nih-genomic-data-sharing-policy-(open-access)": "attribution",  # https://gdc.cancer.gov/access-data
    **dict.fromkeys(("odbl-1.0", "cdla-sharing-1.0", "gfdl-1.3", "gpl-2.0", "gpl-3.0", "agpl-3.0"), "share-alike"),
}
"""Source: https://spdx.org/licenses, and publishers whose terms do not say in their name what they ask for."""
_PHRASES: dict[str, LicenceClass] = {
    **dict.fromkeys(("agreement", "credentialed", "competition-rules", "own-terms"), "agreement"),
    **dict.fromkeys(("research", "non-commercial", "noncommercial"), "non-commercial"),
    "attribution": "attribution",
}
"""What the names of publishers' own terms say, the strictest first: ``DRIVE terms of use (research and education)``."""
_OTHER_SPELLINGS = {
    **dict.fromkeys(("cc0", "cc-0"), "cc0-1.0"),
    **dict.fromkeys(("apache", "apache2", "apache-license-2.0"), "apache-2.0"),
    "mit-license": "mit",
    "odc-by": "odc-by-1.0",
}
_ON_THE_HUB = {
    *("mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense", "cc0-1.0", "cc-by-2.0", "cc-by-2.5"),
    *("cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0"),
    *("cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0"),
}


def licence_class(name: str) -> LicenceClass:
    """Return what a licence allows.

    Args:
        name: an SPDX name in any spelling (``CC BY 4.0``), or terms of a publisher whose name says what they ask for.

    Returns:
        The class; ``unknown`` for a name that says nothing.
    """
    plain = _plain(name)
    if plain in _NAMED:
        return _NAMED[plain]
    terms = _CREATIVE_COMMONS.fullmatch(plain)
    if terms is None:
        told: list[LicenceClass] = [meant for phrase, meant in _PHRASES.items() if phrase in plain]
        return told[0] if told else CLASSES[-1]
    if terms["nc"]:
        return "non-commercial"
    return "share-alike" if terms["sa"] or terms["nd"] else "attribution"


def strictest(names: Iterable[str]) -> LicenceClass | None:
    """Return the strictest class of several licences; None of none."""
    found = {licence_class(name) for name in names}
    return next((each for each in reversed(CLASSES) if each in found), None)


def hub_licence(name: str) -> str | None:
    """Return the Hugging Face hub's identifier of a licence; None where the hub has none.

    Source: https://huggingface.co/docs/hub/repositories-licenses
    """
    plain = _plain(name)
    return plain if plain in _ON_THE_HUB else None


def _plain(name: str) -> str:
    plain = re.sub(r"[\s_,]+", "-", name.strip().lower())
    plain = re.sub(r"-(only|or-later)$", "", plain)
    return _OTHER_SPELLINGS.get(plain, plain)
