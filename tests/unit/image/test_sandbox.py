import gzip
import os
import platform
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.landlock import landlock_version
from doctorsun.image.raster import decode, encode_png
from doctorsun.image.sandbox import Sandbox, SandboxLimits
from doctorsun.image.study.intake import UPLOAD

MAX_PIXELS = 30_000_000
GREY = np.arange(600, dtype=np.uint8).reshape(20, 30)
PNG = encode_png(GREY)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def limited() -> Iterator[Callable[..., Sandbox]]:
    """Make a sandbox of one process with limits of its own."""
    made: list[Sandbox] = []

    def make(**limits: float) -> Sandbox:
        made.append(Sandbox(num_workers=1, limits=SandboxLimits(**limits)))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()


def is_sound(sandbox: Sandbox) -> bool:
    return np.array_equal(np.asarray(decode(sandbox.sanitise(PNG, max_pixels=MAX_PIXELS))), GREY)


def environment_of(process: int) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes()


def endless_header(num_elements: int) -> bytes:
    """Return a DICOM header of many elements: each costs much more to read than to send."""
    return bytes(128) + b"DICM" + b"\x09\x00\x10\x00LO\x02\x00ab" * num_elements


def test_processes_start_when_they_are_needed_and_no_more_than_allowed(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _: is_sound(sandbox), range(24)))
    assert 1 <= len(sandbox.process_ids) <= 2


def test_a_study_is_described_and_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / UPLOAD).write_bytes(PNG)
    study = sandbox.describe(tmp_path, max_bytes=10**6, max_pixels=MAX_PIXELS)
    assert study["kind"] == "picture"
    png = sandbox.render(tmp_path, study["series"][0], 0, "", max_pixels=MAX_PIXELS)
    assert np.array_equal(np.asarray(decode(png)), GREY)


def test_a_fault_is_told_as_an_error_of_ours(sandbox: Sandbox) -> None:
    with pytest.raises(ImageError, match="picture: got content of another kind, expected PNG or JPEG; save it as one"):
        sandbox.sanitise(b"GIF89a", max_pixels=MAX_PIXELS)
    with pytest.raises(ImageError, match="the picture is too large: got 30 x 20 pixels, expected at most 599 pixels"):
        sandbox.sanitise(PNG, max_pixels=599)


def test_words_of_libraries_are_left_out(sandbox: Sandbox) -> None:
    """They may quote the file, or addresses of memory."""
    with pytest.raises(ImageError, match=r"^the picture is damaged: got OSError; copy the file again or leave it out$"):
        sandbox.sanitise(PNG[:-40], max_pixels=MAX_PIXELS)


def test_a_fault_of_the_disk_is_one_here(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sandbox.describe(tmp_path / "gone", max_bytes=10**6, max_pixels=MAX_PIXELS)
    assert is_sound(sandbox)


def test_a_process_that_was_killed_is_replaced(sandbox: Sandbox) -> None:
    assert is_sound(sandbox)
    for process in sandbox.process_ids:
        os.kill(process, signal.SIGKILL)
        os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert is_sound(sandbox)


def test_too_much_time_of_the_processor_ends_the_task(limited: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = limited(cpu_s=1)
    (tmp_path / UPLOAD).write_bytes(endless_header(4_000_000))
    with pytest.raises(ImageError, match="the file cannot be decoded: got more time or memory than decoding may take"):
        sandbox.describe(tmp_path, max_bytes=10**9, max_pixels=MAX_PIXELS)
    assert sandbox.num_broken == 1
    assert is_sound(sandbox)


def test_each_task_has_its_own_time(limited: Callable[..., Sandbox]) -> None:
    sandbox = limited(cpu_s=2)
    large = encode_png(np.zeros((4000, 4000, 3), np.uint8))
    processes = set[int]()
    for _ in range(8):  # together they take longer than one may
        sandbox.sanitise(large, max_pixels=MAX_PIXELS)
        processes |= set(sandbox.process_ids)
    assert len(processes) == 1


def test_too_much_time_on_the_clock_ends_the_task(limited: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = limited(timeout_s=1.0)
    (tmp_path / UPLOAD).write_bytes(endless_header(4_000_000))
    with pytest.raises(ImageError, match="the file cannot be decoded: got more than 1 seconds, expected a sound image"):
        sandbox.describe(tmp_path, max_bytes=10**9, max_pixels=MAX_PIXELS)


def test_uploads_leave_a_process_for_pictures(tmp_path: Path) -> None:
    sandbox = Sandbox(limits=SandboxLimits(cpu_s=3))
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / UPLOAD).write_bytes(endless_header(4_000_000))
    with ThreadPoolExecutor(2) as threads:
        describe = partial(sandbox.describe, max_bytes=10**9, max_pixels=MAX_PIXELS)
        opening = [threads.submit(describe, folder) for folder in folders]
        while not sandbox.process_ids:
            assert not any(each.done() for each in opening)
        assert is_sound(sandbox)
        assert not any(each.done() for each in opening)
        sandbox.close()


def test_too_much_memory_ends_the_task_only(limited: Callable[..., Sandbox]) -> None:
    sandbox = limited(memory_bytes=400 * 2**20)
    assert is_sound(sandbox)
    with pytest.raises(ImageError, match=r"got (MemoryError|more)"):
        sandbox.sanitise(encode_png(np.zeros((12000, 12000), np.uint8)), max_pixels=10**9)
    assert is_sound(sandbox)


def test_files_stay_below_their_limit(limited: Callable[..., Sandbox], tmp_path: Path) -> None:
    header = bytearray(2**20)
    header[:4], header[344:348] = (348).to_bytes(4, "little"), b"n+1\x00"
    sandbox = limited(file_bytes=2**16)
    (tmp_path / UPLOAD).write_bytes(gzip.compress(bytes(header), mtime=0))
    with pytest.raises(OSError, match="File too large"):
        sandbox.describe(tmp_path, max_bytes=10**9, max_pixels=MAX_PIXELS)
    assert is_sound(sandbox)


def test_nothing_secret_is_handed_on(monkeypatch: pytest.MonkeyPatch, limited: Callable[..., Sandbox]) -> None:
    monkeypatch.setenv("DOCTORSUN_API_KEY", "the-key-of-this-server")
    sandbox = limited()
    assert is_sound(sandbox)
    (process,) = sandbox.process_ids
    assert b"DOCTORSUN_API_KEY" not in environment_of(process)
    open_files = {str(file.readlink()) for file in Path(f"/proc/{process}/fd").iterdir()}
    assert {name for name in open_files if not name.startswith("socket:")} <= {"/dev/null"}


def test_a_server_that_is_killed_leaves_no_process() -> None:
    code = (
        "import sys\n"
        "from doctorsun.image.raster import encode_png\n"
        "from doctorsun.image.sandbox import Sandbox\n"
        "import numpy as np\n"
        "sandbox = Sandbox()\n"
        "sandbox.sanitise(encode_png(np.zeros((3, 4), np.uint8)), max_pixels=12)\n"
        "print(*sandbox.process_ids, flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout
        process = os.pidfd_open(int(server.stdout.readline()))
        server.kill()
    ended, _, _ = select.select([process], [], [], 60)
    os.close(process)
    assert ended


def test_a_process_can_neither_speak_to_others_nor_gain_rights(sandbox: Sandbox) -> None:
    assert is_sound(sandbox)
    words = Path(f"/proc/{sandbox.process_ids[0]}/status").read_text().split()
    if words[words.index("Seccomp:") + 1] == "0" and platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("this system has no system call filters")
    assert words[words.index("Seccomp:") + 1] == "2"
    assert words[words.index("NoNewPrivs:") + 1] == "1"


def test_nothing_runs_after_the_end(limited: Callable[..., Sandbox]) -> None:
    sandbox = limited()
    assert is_sound(sandbox)
    (process,) = sandbox.process_ids
    sandbox.close()
    assert not Path(f"/proc/{process}").exists()
    with pytest.raises(ImageError, match="the file cannot be decoded: got a server that stops"):
        sandbox.sanitise(PNG, max_pixels=MAX_PIXELS)


def test_processes_see_one_folder_alone_where_the_system_can_do_that(
    limited: Callable[..., Sandbox], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox, own, other = limited(), tmp_path / "own", tmp_path / "other"
    for folder in (own, other):
        (folder / "study").mkdir(parents=True)
        (folder / "study" / "upload").write_bytes(PNG)
    assert is_sound(sandbox)
    (earlier,) = sandbox.process_ids
    sandbox.see_only(own)
    assert sandbox.describe(own / "study", max_bytes=10**6, max_pixels=MAX_PIXELS)["kind"] == "picture"
    assert sandbox.process_ids != [earlier]
    if landlock_version():
        with pytest.raises(ImageError, match="PermissionError"):
            sandbox.describe(other / "study", max_bytes=10**6, max_pixels=MAX_PIXELS)
    assert bool(caplog.messages) != bool(landlock_version())
