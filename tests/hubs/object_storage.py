"""A loopback S3: moto's answers, through a server that can be made to fail."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from hubs.loopback import Answer, Asked, Loopback

KEY, SECRET = "AKIDLOOPBACK", "a-secret-of-loopback"
WRITER = f"AWS4-HMAC-SHA256 Credential={KEY}/20200101/us-east-1/s3/"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/none",
    "AWS_SHARED_CREDENTIALS_FILE": "/none",
}


@cache
def moto() -> Client:
    """Return moto's S3; its start is slow, and it keeps what it holds until it is reset."""
    return Client(DomainDispatcherApplication(create_backend_app))


@contextmanager
def serve_buckets(*names: str) -> Generator[Loopback]:
    """Run an S3 that holds some empty buckets, and nothing of an earlier one; as a proxy, it answers for every host."""
    client = moto()
    client.post("/moto-api/reset", headers={"Host": "localhost"})

    def answer(asked: Asked) -> Answer:
        headers = [(name, value) for name, value in asked.headers.items() if name != "transfer-encoding"]
        if not asked.target.startswith("/"):  # it is asked as a proxy
            headers = [(name, "localhost" if name == "host" else value) for name, value in headers]
        target = re.sub(r"^http://[^/]+", "", asked.target)
        reply = client.open(target, method=asked.method, headers=headers, data=asked.body)
        told = {name: value for name, value in reply.headers.items() if name != "Content-Length"}
        size_bytes = int(reply.headers.get("Content-Length", 0))
        return Answer(reply.status_code, reply.data if asked.method != "HEAD" else bytes(size_bytes), told)

    with Loopback(answer) as server:
        for name in names:
            client.put(f"/{name}", headers={"Host": "localhost"})
        yield server


def content_of(server: Loopback, key: str) -> bytes:
    """Return an object's contents as they lie there."""
    return server.answer(Asked("GET", f"/{key}", {}, {"host": "localhost"}, target=f"/{key}")).body


def put_object(server: Loopback, key: str, content: bytes) -> None:
    """Put an object into a bucket, whatever lay there."""
    headers = {"host": "localhost", "authorization": WRITER}
    server.answer(Asked("PUT", f"/{key}", {}, headers, content, target=f"/{key}"))
