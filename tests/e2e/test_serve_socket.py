"""The real command at a Unix socket, as behind a proxy: any host name, closed to others, gone at the end."""

import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
from real_command import ENVIRONMENT

from small_model import save_small


def test_a_server_at_a_unix_socket_answers_under_the_name_of_its_proxy(tmp_path: Path) -> None:
    socket = tmp_path / "server.sock"
    options = ["--uds", socket, "--state", tmp_path / "state", "--name", "sun"]
    command = [sys.executable, "-m", "doctorsun", "--lang", "zh", "serve", save_small(tmp_path / "small"), *options]
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        assert process.stderr
        said = [next(process.stderr) for _ in range(3)]
        assert said[0].startswith("正在提供模型“sun”的服务（版本 ")
        assert said[1:] == [
            f"网页与 API 位于套接字 {socket}\n",
            "仅供科研使用，不得用于诊断或治疗。按 Ctrl-C 停止服务。\n",
        ]
        assert not stat.S_IMODE(socket.stat().st_mode) & stat.S_IWOTH
        transport = httpx.HTTPTransport(uds=str(socket))
        with httpx.Client(transport=transport, base_url="http://doctorsun.example.org", timeout=60) as http:
            assert http.get("/v1/models").json()["data"][0]["id"] == "sun"
            question = {"model": "sun", "messages": [{"role": "user", "content": "?"}], "max_tokens": 3}
            assert http.post("/v1/chat/completions", json=question).json()["usage"]["completion_tokens"] == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr.read() == ""
    assert not socket.exists()
