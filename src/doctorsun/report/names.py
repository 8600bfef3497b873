"""Names made for programs (``presence:ring_lesion``) in the reader's language, by the ontology's terms."""

from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.report.strings import STRINGS, Language, translate


def readable(name: str, language: Language) -> str:
    """Return a question type, finding, modality or other name in words; unknown ones with blanks for underscores."""
    return " · ".join(_word(part, language) for part in name.split(":"))


def metric_name(protocol: str, metric: str, language: Language) -> str:
    """Return a metric in words; some protocols mean something of their own by it."""
    own = f"metric.{protocol.partition('@')[0]}.{metric}"
    return translate(own if own in STRINGS else f"metric.{metric}", language)


def _word(name: str, language: Language) -> str:
    if f"type.{name}" in STRINGS:
        return translate(f"type.{name}", language)
    ontology = load_ontology()
    tables = (ontology.findings, ontology.modalities, ontology.organs, ontology.departments)
    term = next((table[name] for table in tables if name in table), None)
    if term is None:
        return name.replace("_", " ")
    return (term.zh if language == "zh" else term.en)[0]
