import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import doctorsun.serve.page_routes
from doctorsun.processor.processor import Processor
from doctorsun.serve.app import create_app
from doctorsun.serve.keys import one_key
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving

FOLDER = Path(doctorsun.serve.page_routes.__file__).parent / "page"
FILES = sorted(path.name for path in FOLDER.iterdir())
SCRIPTS = [name for name in FILES if name.endswith(".js")]
INDEX = (FOLDER / "index.html").read_text("utf-8")
STRINGS = (FOLDER / "strings.js").read_text("utf-8")
MAKES_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|srcdoc"
)


@pytest.fixture(scope="module")
def http(page_processor: Processor) -> Iterator[httpx.Client]:
    """A client without a key of a server that asks for one."""
    settings = ServeSettings(model_name="sun", revision="r", keys=one_key("a key that is long enough"))
    app = create_app(ThreadedChat(ScriptedEngine((5,)), page_processor), settings)
    with serving(app) as url, httpx.Client(base_url=url) as client:
        yield client


def test_the_page_is_served_without_a_key_under_a_strict_policy(http: httpx.Client) -> None:
    answer = http.get("/")
    assert (answer.status_code, answer.text) == (200, INDEX)
    policy = dict(each.strip().split(" ", 1) for each in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' blob: data:"
    assert policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert http.get("/v1/models").status_code == 401


@pytest.mark.parametrize("name", FILES)
def test_each_file_has_its_type_and_its_mark(http: httpx.Client, name: str) -> None:
    path = "/" if name == "index.html" else f"/page/{name}"
    answer = http.get(path)
    assert answer.content == (FOLDER / name).read_bytes()
    kind = {"html": "text/html", "js": "text/javascript", "css": "text/css"}[name.rsplit(".", 1)[1]]
    assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    known = http.get(path, headers={"If-None-Match": f'"other", W/{answer.headers["ETag"]}'})
    assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    head = http.head(path)
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", answer.headers["ETag"])


@pytest.mark.parametrize(
    "path", ["/page/index.html", "/page/none.js", "/page/..%2fapp.py", "/page/%2e%2e/app.py", "/page/"]
)
def test_nothing_else_is_served(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "request"


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_make_no_markup_and_say_what_they_hold(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    assert not MAKES_MARKUP.search(text)
    assert text.startswith("// ")
    assert len(text.splitlines()) <= 400
    assert set(re.findall(r"https?://[^\"'\s]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert all((FOLDER / each).is_file() for each in re.findall(r'from "\./([^"]+)"', text))


def test_markup_holds_no_script_no_style_and_no_address_of_its_own() -> None:
    assert re.findall(r"<script[^>]*>", INDEX) == ['<script type="module" src="page/main.js">']
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|href=\"http|src=\"http", INDEX)
    ids = re.findall(r'\sid="([^"]+)"', INDEX)
    assert len(ids) == len(set(ids))
    wanted = {
        each for name in SCRIPTS for each in re.findall(r'find\("([\w-]+)"\)', (FOLDER / name).read_text("utf-8"))
    }
    assert wanted <= set(ids)


def test_every_text_is_there_in_both_languages_and_used() -> None:
    texts = dict(re.findall(r'^  "([\w.]+)": (\[.*?\]),$', STRINGS, re.MULTILINE | re.DOTALL))
    assert len(texts) > 100
    used = set(re.findall(r'data-t(?:-\w+)?="([\w.]+)"', INDEX))
    for name in SCRIPTS:
        text = (FOLDER / name).read_text("utf-8")
        used |= set(re.findall(r'\bt\("([\w.]+)"', text)) | set(re.findall(r'"([a-z]+\.[\w.]+)"', text))
    dotted = {each for each in used if each in texts or not re.search(r"\.(js|session|language|key)$", each)}
    missing = {
        each for each in dotted if each not in texts and each.split(".")[0] in {key.split(".")[0] for key in texts}
    }
    assert missing == set()
    for key, pair in texts.items():
        english, chinese = re.findall(r'"((?:[^"\\]|\\.)*)"', pair)
        assert english
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese)), key
        assert not re.search(r"[\u4e00-\u9fff]", english)
