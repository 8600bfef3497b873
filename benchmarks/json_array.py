"""Speed and memory of reading one large JSON array to its end, and of importing it by the real command.

Run: python benchmarks/json_array.py [--gb 5] [--scratch DIR]; it needs about 1.5 times the size on the disk.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from doctorsun.bench.data import run_import
from doctorsun.config.collection import ImportSource
from doctorsun.data.formats import open_import

SENTENCE = "Image {} shows a smooth field with a bright disc of {} mm; no lesion is seen. 未见异常，建议复查。"
SENTENCES_PER_ANSWER = 20
BASELINE_BYTES = 10**8


def write_array(path: Path, size_bytes: int) -> int:
    """Write an array of conversations, no two alike, on one line until it has the size; return their number."""
    number = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        while number % 1000 or path.stat().st_size < size_bytes:
            file.write(("," if number else "") + json.dumps(conversation(number), ensure_ascii=False))
            number += 1
        file.write("]")
    return number


def conversation(number: int) -> dict[str, Any]:
    """Return the record of a question and a long answer."""
    answer = " ".join(SENTENCE.format(number, part) for part in range(SENTENCES_PER_ANSWER))
    turns = [{"from": "human", "value": f"Describe image {number}."}, {"from": "gpt", "value": answer}]
    return {"id": f"record-{number}", "conversations": turns}


def measured(folder: Path, size_bytes: int) -> dict[str, Any]:
    """Write an array, read it to its end in this process, import it in another, and return what both took."""
    path = folder / "pairs.json"
    written = write_array(path, size_bytes)
    megabytes = path.stat().st_size / 1e6
    started = time.perf_counter()
    read = sum(1 for _ in open_import(ImportSource(format="llava", path=str(path))).pending())
    read_s = time.perf_counter() - started
    if read != written:
        raise SystemExit(f"{read} records read, {written} written")
    imported = run_import(folder, folder / "store", workers=1)
    return {
        "megabytes": megabytes,
        "records": written,
        "read_megabytes_per_s": megabytes / read_s,
        "read_peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "import_records_kept": json.loads((folder / "store" / "manifest.json").read_bytes())["kept"],
        "import_megabytes_per_s": megabytes / imported.wall_s,
        "import_peak_memory_mib": imported.peak_memory_mib,
    }


def main() -> None:
    """Measure a small array, then a large one, and print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=5, help="size of the large array, in 10^9 bytes")
    parser.add_argument("--scratch", type=Path, help="disk to work on")
    given = parser.parse_args()
    results: list[dict[str, Any]] = []
    for size_bytes in (BASELINE_BYTES, int(given.gb * 1e9)):
        with tempfile.TemporaryDirectory(dir=given.scratch) as name:
            results.append(measured(Path(name), size_bytes))
    print(json.dumps(results, indent=1))  # noqa: T201 (the report)


if __name__ == "__main__":
    main()
