"""Which of the known chat templates a folder of weights carries."""

from pathlib import Path

from doctorsun.processor.chat_families import FAMILIES

FILE = "chat_template.jinja"


def chat_of_folder(folder: Path) -> str | None:
    """Return the name of the template in a folder; None where there is none, or somebody's own."""
    try:
        template = (folder / FILE).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    return next((family.name for family in FAMILIES if family.template == template), None)
