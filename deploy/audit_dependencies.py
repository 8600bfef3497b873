"""Ask pip-audit about every locked package, and fail where one is vulnerable or was not looked at.

pip-audit alone says "No known vulnerabilities found", and succeeds, where it could look at no package at all.
Run: python deploy/audit_dependencies.py requirements.lock
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def findings(report: dict[str, Any], lock: str) -> list[str]:
    """Return what a report says against the locked packages: vulnerable, skipped or missing ones, a line each.

    Args:
        report: as ``pip-audit --format json`` prints it.
        lock: lines ``name==version``.
    """
    told = {_plain(package["name"]): package for package in report.get("dependencies", [])}
    lines: list[str] = []
    for name, version in (line.split("==") for line in lock.split()):
        package = told.get(_plain(name))
        if package is None:
            lines.append(f"{name} {version}: not looked at: it is not in the report")
        elif "skip_reason" in package:
            lines.append(f"{name} {version}: not looked at: {package['skip_reason']}")
        elif package["version"] != version:
            lines.append(f"{name} {version}: not looked at: the report is about {package['version']}")
        else:
            lines += [f"{name} {version}: {_told(each)}" for each in package["vulns"]]
    return lines


def _told(vulnerability: dict[str, Any]) -> str:
    mended = ", ".join(vulnerability["fix_versions"]) or "no version"
    return f"vulnerable: {vulnerability['id']}, mended in {mended}"


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def main() -> int:
    """Audit the lock file that the command line names; 0 when every package was looked at and is sound."""
    lock = Path(sys.argv[1])
    command = ["-m", "pip_audit", "--requirement", str(lock), "--no-deps", "--disable-pip", "--format", "json"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        print(f"pip-audit gave no report (status {done.returncode}):\n{done.stderr}", file=sys.stderr)
        return 1
    found = findings(report, lock.read_text())
    sound = f"all {len(report['dependencies'])} locked packages were looked at; none is known vulnerable"
    print("\n".join(found) or sound)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
