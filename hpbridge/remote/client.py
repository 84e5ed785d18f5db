"""One connection to a reception: a request at a time, kept open."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import http.client
import json
import os
import secrets
import socket
import struct
import sys
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

HELLO_SECONDS = 5.0
"""How long an address may take to answer at all."""

_REQUEST_SECONDS = 10.0
# How long nothing of a file may come, or be taken.
_FILE_SECONDS = 120.0
_BLOCK = 1 << 20
_LENGTH = struct.Struct("<I")

DIGEST = "X-Digest"
"""The header with the digest of a file."""

OK, CONFLICT, UNKNOWN, FORBIDDEN = 200, 409, 410, 401
"""What a reception answers with: all is well, it says why not, it does not know the
agent (any more), the token is another one."""


class AwayError(OSError):
    """Nobody answers, or not in time: the request may have arrived, or not.

    Attributes:
        is_refused: Whether the machine says that nobody listens there.
    """

    is_refused = False


class TurnedAwayError(Exception):
    """The reception says no.

    Attributes:
        status: As of HTTP.
        problems: A sentence each.
    """

    def __init__(self, status: int, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.status, self.problems = status, problems


def python_version() -> str:
    """Return the version of Python, as far as it decides what can be unpacked."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def proof(token: str | None, nonce: str) -> str:
    """Return what only a reception can know that has the token."""
    return hmac.new(_key_of(token or ""), nonce.encode(), hashlib.sha256).hexdigest()


@functools.cache
def _key_of(token: str) -> bytes:
    # Slow on purpose: whoever asks for proofs is not to guess tokens by them.
    return hashlib.pbkdf2_hmac("sha256", token.encode(), b"hpbridge", 200_000)


def read_prefix(file: IO[bytes]) -> dict[str, Any]:
    """Return what a file is that `Client.carry` sent, from before it.

    Raises:
        ValueError: If it was sent by something else.
    """
    try:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        return cast("dict[str, Any]", json.loads(file.read(length)))
    except struct.error as error:
        raise ValueError(str(error)) from error


class Client:
    """A connection that opens at its first request, and again after it broke.

    Args:
        address: As in ``http://host:port``.
        token: That every request bears.

    Raises:
        ValueError: If the address is none.
    """

    def __init__(self, address: str, token: str | None) -> None:
        self.address = address
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = f"{address!r} is no address like http://host:port"
            raise ValueError(msg)
        self._host, self._port = parts.hostname, parts.port
        self._is_secure = parts.scheme == "https"
        self._path = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection: http.client.HTTPConnection | None = None

    def post(
        self, path: str, data: Mapping[str, Any], *, hold: float = 0.0
    ) -> dict[str, Any]:
        """Return the answer to a request; sent once more where the line was dead.

        Args:
            path: Where to.
            data: JSON data.
            hold: Seconds that the answer may wait for news.

        Raises:
            AwayError: If nobody answers.
            TurnedAwayError: If the answer is no.
        """
        body = json.dumps(data, allow_nan=False).encode()
        answer = self.send("POST", path, body, seconds=hold + _REQUEST_SECONDS)
        return cast("dict[str, Any]", _read_json(answer))

    def carry(self, path: str, about: Mapping[str, Any], file: IO[bytes]) -> None:
        """Send a file, with what it is before it; as `post`."""
        text = json.dumps(about, allow_nan=False).encode()
        start = _LENGTH.pack(len(text)) + text
        size = file.seek(0, os.SEEK_END)

        def blocks() -> Iterator[bytes]:
            file.seek(0)
            yield start
            while block := file.read(_BLOCK):
                yield block

        length = {"Content-Length": str(len(start) + size)}
        self.send("POST", path, blocks, seconds=_FILE_SECONDS, headers=length)

    def fetch(self, path: str, about: Mapping[str, Any], file: IO[bytes]) -> str:
        """Write the file that a request is answered with; return its digest there."""
        body = json.dumps(about, allow_nan=False).encode()
        content = self.send("POST", path, body, seconds=_FILE_SECONDS, into=file)
        file.seek(0)
        return content.decode()

    def send(
        self,
        method: str,
        path: str,
        body: bytes | Callable[[], Iterable[bytes]] | None = None,
        *,
        seconds: float = _REQUEST_SECONDS,
        headers: Mapping[str, str] | None = None,
        into: IO[bytes] | None = None,
    ) -> bytes:
        """Return the bytes that a request is answered with; as `post`.

        Args:
            method: Of HTTP.
            path: Where to.
            body: What is sent; a function that returns it in parts, each time anew.
            seconds: In which each part of the answer must come.
            headers: Further ones.
            into: Where the answer goes instead; then its digest is returned.
        """
        request = method, path, body, {**self._headers, **(headers or {})}
        is_kept = self._connection is not None
        try:
            return self._send(request, seconds, into)
        except AwayError:
            if not is_kept:
                raise
        # The other side closes what is idle; every request may come twice.
        return self._send(request, seconds, into)

    def _send(
        self, request: tuple[Any, ...], seconds: float, into: IO[bytes] | None
    ) -> bytes:
        method, path, body, headers = request
        try:
            connection = self._connection or self._open()
            if connection.sock is None:
                connection.timeout = HELLO_SECONDS
                connection.connect()
            connection.sock.settimeout(seconds)
            body = body() if callable(body) else body
            connection.request(method, self._path + path, body, headers)
            answer = connection.getresponse()
            if into is None or answer.status != OK:
                content = answer.read()
            else:
                into.seek(0)
                into.truncate()
                while block := answer.read(_BLOCK):
                    into.write(block)
                content = (answer.getheader(DIGEST) or "").encode()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            away = AwayError(str(error) or type(error).__name__)
            away.is_refused = isinstance(error, ConnectionRefusedError)
            raise away from error
        if answer.status != OK:
            raise TurnedAwayError(answer.status, _problems(answer.status, content))
        return content

    def _open(self) -> http.client.HTTPConnection:
        if self._is_secure:
            import ssl

            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(
                self._host, self._port, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(self._host, self._port)
        return self._connection

    def greet(self, token: str | None) -> str:
        """See that a reception answers that knows the token; return its version.

        The token is not sent to find out.

        Raises:
            AwayError: If nobody answers.
            TurnedAwayError: If it is something else, or its token is another one.
        """
        nonce = secrets.token_hex(16)
        headers, self._headers = self._headers, {}
        try:
            content = self.send("GET", f"/hello?nonce={nonce}", seconds=HELLO_SECONDS)
        except TurnedAwayError as error:
            raise TurnedAwayError(error.status, [_NOT_OURS]) from None
        finally:
            self._headers = headers
        answer = _read_json(content)
        if not isinstance(answer, dict) or "hpbridge" not in answer:
            raise TurnedAwayError(OK, [_NOT_OURS])
        if not hmac.compare_digest(str(answer.get("proof")), proof(token, nonce)):
            problem = "the token is not that of the study"
            raise TurnedAwayError(FORBIDDEN, [problem])
        return str(answer["hpbridge"])

    def interrupt(self) -> None:
        """Let the request that runs, in whatever thread, fail at once."""
        connection = self._connection
        sock = None if connection is None else connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; the next request opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()


_NOT_OURS = "what answers there is no study of hpbridge"


def _read_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        raise TurnedAwayError(OK, [_NOT_OURS]) from None


def _problems(status: int, content: bytes) -> list[str]:
    with contextlib.suppress(TurnedAwayError):
        answer = _read_json(content)
        if isinstance(answer, dict) and isinstance(answer.get("problems"), list):
            return [str(problem) for problem in answer["problems"]]
    return [f"it answers with HTTP status {status}"]
