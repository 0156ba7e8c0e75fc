"""Redis behind TLS and a user's password: a sink that is let in, and ones that are not."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
import structlog
from redis import asyncio as redis

from stream.sink.redis import RedisSink
from stream.sink.whole import Whole
from tests.service.redis import Redis

USER, PASSWORD = "ressenti", "open:sesame/0"
QUOTED = "open%3Asesame%2F0"
OPENSSL = """
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=tests -keyout ca.key -out ca.pem
openssl req -newkey rsa:2048 -nodes -subj /CN=redis -keyout server.key -out server.csr
echo subjectAltName=IP:127.0.0.1 > names
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile names \
    -out server.pem
"""


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A server of TLS alone, its certificate signed by an authority of our own, with one user.

    The user has the rights that the documentation asks for, and no others.
    """
    home = tmp_path_factory.mktemp("redis")
    subprocess.run(["sh", "-ec", OPENSSL], cwd=home, check=True, capture_output=True, timeout=60)
    (home / "users").write_text(
        "user default off\n"
        f"user {USER} on >{PASSWORD} ~cx:* ~ressenti:* &cx:updates"
        " -@all +@connection +@read +@write +@scripting +@transaction +publish +time\n"
    )
    options = {
        "tls-cert-file": str(home / "server.pem"),
        "tls-key-file": str(home / "server.key"),
        "tls-ca-cert-file": str(home / "ca.pem"),
        "tls-auth-clients": "no",
        "aclfile": str(home / "users"),
    }
    with Redis(home, options=options) as running:
        yield running


def url(server: Redis, user: str = USER, password: str = QUOTED, host: str = "127.0.0.1") -> str:
    """The address of the server for a user, with the authority that signed its certificate."""
    ca = server.home / "ca.pem"
    return f"rediss://{user}:{password}@{host}:{server.port}/0?ssl_ca_certs={ca}"


@asynccontextmanager
async def sink(address: str) -> AsyncIterator[tuple[RedisSink, list[str]]]:
    """Give a running sink, and the failures that it reports."""
    failures: list[str] = []
    made = RedisSink(address, Whole(list), lambda: failures.append("failed"))
    task = asyncio.create_task(made.run())
    try:
        yield made, failures
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await made.close()


async def test_a_user_with_a_password_is_let_in_over_tls(secured: Redis) -> None:
    """The certificate is checked with the authority named in the address; the rights suffice."""
    async with sink(url(secured)) as (made, failures):
        async with asyncio.timeout(10):
            while True:
                if made.here is not None:
                    break
                await asyncio.sleep(0.01)
        assert made.here
        assert not failures
    async with redis.Redis.from_url(url(secured)) as client:
        with pytest.raises(redis.ResponseError, match="no permissions"):
            await client.get("another's")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"password": "no%3Asesame"}, "AuthenticationError: invalid username-password pair"),
        ({"user": "nobody"}, "AuthenticationError: invalid username-password pair"),
        ({"user": "", "password": ""}, "AuthenticationError: Authentication required"),
        ({"host": "localhost"}, "certificate is not valid for 'localhost'"),
    ],
)
async def test_who_is_not_let_in_says_so_once_and_tries_again(
    secured: Redis, change: dict[str, str], reason: str
) -> None:
    """One line, without the password, however many attempts fail; each is counted."""
    with structlog.testing.capture_logs() as logs:
        async with sink(url(secured, **change)) as (made, failures), asyncio.timeout(20):
            while True:
                if len(failures) > 2:
                    break
                await asyncio.sleep(0.01)
        assert made.here is False
    [line] = logs
    assert line["event"] == "redis does not take updates, trying again"
    assert reason in line["reason"]
    assert "sesame" not in str(line)
