"""Report of a folder that was de-identified: for programs, and for people in English and Chinese."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from doctorsun.data.deidentify.journal import Entry
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.profile import PROFILE_NAME, PROFILE_VERSION
from doctorsun.storage.atomic import write_json, write_text

LIMITS = """Removing identifiers lowers the risk of recognising a person; it does not end it: faces in head scans,
handwriting and rare diseases stay. / 去标识化只能降低风险：头部扫描中的面部、手写内容和罕见病例仍可能识别个人。"""
REPORT, PAGE = "deidentification.json", "deidentification.md"
STATES = ("written", "refused", "unknown")
RULES_VERSION = 3  # another one where the same file would be written otherwise


@dataclass(frozen=True, slots=True)
class Settings:
    """By what a folder was made.

    Attributes:
        profile: name and edition of the standard's profile.
        key: tells keys apart, and nothing else of them.
        options: what was chosen.
    """

    profile: str
    key: str
    options: Options

    @classmethod
    def of(cls, key: Key, options: Options) -> "Settings":
        """Return the settings of a key and options."""
        return cls(f"{PROFILE_NAME} {PROFILE_VERSION}", key.pseudonym("key", ""), options)

    def as_json(self) -> dict[str, Any]:
        """Return the settings as JSON holds them."""
        options = asdict(self.options) | {"keep": sorted(self.options.keep)}
        return {"profile": self.profile, "key": self.key, "options": options, "rules": RULES_VERSION}


def summary_of(settings: Settings, entries: Iterable[Entry]) -> dict[str, Any]:
    """Count what was done, and gather what was not written."""
    states: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    actions: Counter[tuple[str, str, str]] = Counter()
    reasons: Counter[str] = Counter()
    for entry in entries:
        states[entry.state] += 1
        formats.update([entry.format] if entry.format else [])
        reasons.update([entry.reason] if entry.reason else [])
        for where, what, why, number in entry.actions:
            rule = why.partition(" in columns")[0]
            actions[where, what, rule] += number
    rows = [{"where": where, "what": what, "why": why, "times": times} for (where, what, why), times in actions.items()]
    return {
        "settings": settings.as_json(),
        "complete": True,
        "files": {state: states[state] for state in STATES},
        "formats": dict(sorted(formats.items())),
        "not_written": dict(reasons.most_common()),
        "actions": sorted(rows, key=lambda row: (row["where"], row["what"], row["why"])),
    }


def write_report(out: Path, settings: Settings, entries: Iterable[Entry]) -> None:
    """Write the report of a folder, as JSON and as a page."""
    content = summary_of(settings, entries)
    write_text(out / PAGE, page_of(content))
    write_json(out / REPORT, content)


def read_report(out: Path) -> dict[str, Any]:
    """Read the report of a folder."""
    return json.loads((out / REPORT).read_bytes())


def page_of(content: dict[str, Any]) -> str:
    """Return the report as Markdown, in English and Chinese."""
    files, options = content["files"], content["settings"]["options"]
    read = "blanked where it was found / 已检测并遮盖" if options["read_pixels"] else "**not looked for / 未检测**"
    lines = [
        "# De-identification report / 去标识化报告",
        "",
        f"- Profile / 标准：{content['settings']['profile']}",
        f"- Dates / 日期：{'shifted / 平移' if options['dates'] == 'shift' else 'removed / 删除'}",
        f"- Kept on demand / 按选项保留：{', '.join(options['keep']) or 'nothing / 无'}",
        f"- Text in pixels / 像素中的文字：{read}",
        f"- Files written / 已写入：{files['written']}",
        f"- Files refused / 拒绝写入：{files['refused']}",
        f"- Files of unknown formats, not written / 未知格式，未写入：{files['unknown']}",
        "",
        LIMITS,
        "",
    ]
    lines += _table(("Not written because / 未写入的原因", "Files / 文件数"), content["not_written"].items())
    rows = ((row["where"], row["what"], row["why"], row["times"]) for row in content["actions"])
    lines += _table(("Where / 位置", "What / 处理", "Rule / 依据", "Times / 次数"), rows)
    return "\n".join(lines)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> list[str]:
    body = [f"| {' | '.join(str(cell).replace('|', '/') for cell in row)} |" for row in rows]
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *body, ""] if body else []
