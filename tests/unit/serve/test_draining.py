import signal
import socket
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
import uvicorn

from chat_requests import body
from doctorsun.processor.processor import Processor
from doctorsun.serve.app import create_app
from doctorsun.serve.draining import DrainingServer
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat


@pytest.fixture
def engine(processor: Processor) -> ScriptedEngine:
    """An engine that says one letter again and again."""
    engine = ScriptedEngine(processor.tokenizer.encode("a", add_special_tokens=False).ids)
    engine.max_length = 10**9
    return engine


@contextmanager
def running(chat: ThreadedChat, settings: ServeSettings, timeout_s: float) -> Generator[tuple[DrainingServer, str]]:
    """Run a server that has to stop by itself, and yield it with its address."""
    app = create_app(chat, settings)
    config = uvicorn.Config(app, log_level="critical")
    server = DrainingServer(config, doors=app.state.doors, engine=chat, timeout_s=timeout_s)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield server, f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


def test_a_signal_to_stop_lets_answers_finish_and_nobody_in(
    engine: ScriptedEngine, processor: Processor, settings: ServeSettings
) -> None:
    with (
        httpx.Client(timeout=30) as http,
        ThreadPoolExecutor(1) as pool,
        running(ThreadedChat(engine, processor), settings, 600) as (server, url),
    ):
        assert http.get(f"{url}/readyz").json() == {"status": "ready"}
        with http.stream("POST", f"{url}/v1/chat/completions", json=body(stream=True, max_tokens=40)) as response:
            lines = response.iter_lines()
            next(lines)
            engine.going.clear()
            whole = pool.submit(httpx.post, f"{url}/v1/chat/completions", json=body(max_tokens=30), timeout=30)
            while len(engine.asked) < 2:
                engine.submitted.wait(0.01)
            server.handle_exit(signal.SIGTERM, None)
            ready = http.get(f"{url}/readyz")
            assert (ready.status_code, ready.json()) == (503, {"status": "stopping"})
            assert http.get(f"{url}/healthz").status_code == 200
            refused = http.post(f"{url}/v1/chat/completions", json=body())
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
            assert refused.json()["error"]["message"] == "the server stops; send the request again later"
            upload = http.post(f"{url}/v1/studies", content=b"", headers={"Content-Type": "application/octet-stream"})
            assert (upload.status_code, upload.headers["Retry-After"], upload.text) == (503, "1", refused.text)
            engine.going.set()
            assert "data: [DONE]" in list(lines)
        assert whole.result().json()["choices"][0]["message"]["content"] == "a" * 30


@pytest.mark.parametrize("timeout_s", [0, 600], ids=["out of time", "second signal"])
def test_answers_that_take_too_long_are_given_up(
    engine: ScriptedEngine, processor: Processor, settings: ServeSettings, timeout_s: float
) -> None:
    with (
        httpx.Client(timeout=30) as http,
        running(ThreadedChat(engine, processor), settings, timeout_s) as (server, url),
        http.stream("POST", f"{url}/v1/chat/completions", json=body(stream=True, max_tokens=10**8)) as response,
    ):
        lines = response.iter_lines()
        next(lines)
        server.handle_exit(signal.SIGTERM, None)
        if timeout_s:
            server.handle_exit(signal.SIGINT, None)
        *_, last = (line for line in lines if line)
    assert "the server stops; send the request again later" in last


def test_an_idle_server_stops_at_once(engine: ScriptedEngine, processor: Processor, settings: ServeSettings) -> None:
    chat = ThreadedChat(engine, processor)
    with running(chat, settings, 600) as (server, url):
        assert httpx.get(f"{url}/readyz").status_code == 200
        server.handle_exit(signal.SIGTERM, None)
    assert not chat.is_ready
