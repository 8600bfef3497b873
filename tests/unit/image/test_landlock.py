import subprocess
import sys
from pathlib import Path

import pytest

from doctorsun.image.landlock import landlock_version

pytestmark = pytest.mark.skipif(not landlock_version(), reason="this system has no Landlock")


def confined(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that sees one folder alone."""
    first = "import os\nfrom pathlib import Path\nfrom doctorsun.image.landlock import see_only\n"
    command = [sys.executable, "-c", f"{first}own = Path({str(folder)!r})\nassert see_only(own)\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd="/")


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd')",
        "os.listdir('/')",
        "open(own.parent / 'other.txt')",
        "open(own / '..' / 'other.txt')",
        "open(own / 'link')",
        "(own.parent / 'new.txt').write_text('x')",
        "(own.parent / 'other.txt').unlink()",
        "os.rename(own / 'inside.txt', own.parent / 'out.txt')",
        "os.link(own.parent / 'other.txt', own / 'in.txt')",
        "open(os.__file__, 'a')",
    ],
)
def test_nothing_outside_the_folder_is_open(tmp_path: Path, code: str) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "inside.txt").write_text("mine")
    (tmp_path / "other.txt").write_text("not mine")
    (folder / "link").symlink_to(tmp_path / "other.txt")
    done = confined(folder, code)
    assert done.returncode == 1
    assert "PermissionError" in done.stderr or "Invalid cross-device link" in done.stderr
    assert (tmp_path / "other.txt").read_text() == "not mine"


def test_work_in_the_folder_goes_on(tmp_path: Path) -> None:
    done = confined(
        tmp_path,
        "import numpy, pydicom.pixels, PIL.Image, nibabel, zipfile\n"
        "(own / 'a' / 'b').mkdir(parents=True)\n"
        "(own / 'c').write_text('long'); (own / 'c').write_text('x')\n"
        "os.chdir(own); os.rename('c', 'a/b/c'); print(Path('a/b/c').read_text(), os.listdir('a'))\n"
        "os.unlink('a/b/c'); os.rmdir('a/b')",
    )
    assert (done.stdout, done.stderr) == ("x ['b']\n", "")
