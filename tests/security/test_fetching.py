"""No address is ever fetched for a client, however it is written: a canary listens, and nobody comes."""

import base64
import select
import socket
from collections.abc import Iterator

import pytest

from attacked_server import CHAT, Ward
from chat_requests import body

FORMS = [
    "http://127.0.0.1:{port}/a.png",
    "https://127.0.0.1:{port}/a.png",
    "HTTP://LOCALHOST:{port}/a.png",
    "//127.0.0.1:{port}/a.png",
    "\\\\127.0.0.1:{port}\\a.png",
    "\\\\127.0.0.1@{port}\\share\\a.png",
    "http:\\\\127.0.0.1:{port}\\a.png",
    "http:/\\127.0.0.1:{port}/a.png",
    "http:127.0.0.1:{port}/a.png",
    "http://2130706433:{port}/a.png",
    "http://0x7f000001:{port}/a.png",
    "http://0177.0.0.1:{port}/a.png",
    "http://127.1:{port}/a.png",
    "http://0:{port}/a.png",
    "http://[::1]:{port}/a.png",
    "http://[::ffff:127.0.0.1]:{port}/a.png",
    "http://①②⑦.⓪.⓪.①:{port}/a.png",
    "http://127。0。0。1:{port}/a.png",
    "http://user:pass@127.0.0.1:{port}/a.png",
    "http://good.example@127.0.0.1:{port}/a.png",
    "http://127.0.0.1:{port}#@good.example/a.png",
    "http://good.example\\@127.0.0.1:{port}/a.png",
    " http://127.0.0.1:{port}/a.png",
    "\thttp://127.0.0.1:{port}/a.png",
    "h\nttp://127.0.0.1:{port}/a.png",
    "http://127.0.0.1:{port}/redirect?to=http://127.0.0.1:{port}/a.png",
    "http://169.254.169.254/latest/meta-data",
    "ftp://127.0.0.1:{port}/a.png",
    "gopher://127.0.0.1:{port}/_GET%20/",
    "dict://127.0.0.1:{port}/info",
    "ws://127.0.0.1:{port}/",
    "unix:/run/docker.sock",
    "s3://bucket/a.png",
    "url:http://127.0.0.1:{port}/a.png",
    "jar:http://127.0.0.1:{port}/a.zip!/a.png",
    "view-source:http://127.0.0.1:{port}/a.png",
    "data:http://127.0.0.1:{port}/a.png",
    "data:image/png;url=http://127.0.0.1:{port}/,a",
    "data:image/svg+xml;base64,{svg}",
    "data:image/png;base64,{svg}",
    "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=",
    "data:text/html;base64,{svg}",
    "data:image/png,%89PNG",
    "data:,",
    "file:///etc/passwd",
    "file:/etc/passwd",
    "file://127.0.0.1:{port}/etc/passwd",
    "FILE:///etc/passwd",
    "/etc/passwd",
    "../../../../etc/passwd",
    "~/.ssh/id_rsa",
    "C:\\Windows\\win.ini",
    "\\\\?\\C:\\Windows\\win.ini",
    "etc/passwd\x00.png",
    "/proc/self/environ",
    "study:../../etc/passwd",
    "study:http://127.0.0.1:{port}/a.png",
    "study://127.0.0.1:{port}/a.png",
    "study:study-00000000000000000000000000000000",
    "study:study-00000000000000000000000000000000/../../audit.jsonl",
    "study:study-00000000000000000000000000000000?series=../../x",
    "study:study-00000000000000000000000000000000?window=http://127.0.0.1:{port}/",
    "study:%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "study:",
    "",
]


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """A port that answers nobody; whoever connects stays in its queue, to be found there."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        yield listener
        assert not select.select([listener], [], [], 0)[0], "the server went to an address that a client named"


def test_the_canary_would_notice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        assert select.select([listener], [], [], 30)[0]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: repr(form)[:60])
def test_only_pictures_inside_the_request_are_looked_at(ward: Ward, canary: socket.socket, form: str) -> None:
    port = canary.getsockname()[1]
    picture = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:{port}/a.png"/></svg>'
    url = form.replace("{port}", str(port)).replace("{svg}", base64.b64encode(picture.encode()).decode())
    turns = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    with ward.client() as http:
        refused = http.post(CHAT, json=body(messages=turns))
    assert refused.status_code in {400, 404}
    assert "root:" not in refused.text
    assert not ward.engine.asked


@pytest.mark.parametrize(
    "field", ["file", "input_audio", "video_url", "image"], ids=["file", "input_audio", "video_url", "image"]
)
def test_other_kinds_of_parts_are_refused(ward: Ward, canary: socket.socket, field: str) -> None:
    url = f"http://127.0.0.1:{canary.getsockname()[1]}/a"
    turns = [{"role": "user", "content": [{"type": field, field: {"url": url, "file_data": url}}]}]
    with ward.client() as http:
        assert http.post(CHAT, json=body(messages=turns)).status_code == 400


@pytest.mark.parametrize(
    "study",
    ["..", "%2e%2e", "..%2f..%2faudit.jsonl", "%2e%2e%2faudit.jsonl", "....//", "study-%00", "a%5c..%5cb", "%c0%ae"],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_names_of_studies_lead_nowhere_else(ward: Ward, method: str, study: str) -> None:
    head = f"{method} /v1/studies/{study} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer KEYXQZW\r\n"
    with ward.raw(f"{head}Connection: close\r\n\r\n".encode()) as connection:
        status = int(connection.makefile("rb").readline().split()[1])
    assert status in {404, 405}
    assert (ward.state / "audit.jsonl").exists()
    assert (ward.state / "studies").exists()


@pytest.mark.parametrize(
    "path", ["/page/../../server.py", "/page/%2e%2e/app.py", "/page/..%2fapp.py", "/page//etc/passwd"]
)
def test_the_page_gives_out_its_own_files_alone(ward: Ward, path: str) -> None:
    with ward.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()) as connection:
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"import" not in answer
