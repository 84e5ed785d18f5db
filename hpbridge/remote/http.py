"""The driver `http`: workers of any machine join and leave a study that runs."""

from __future__ import annotations

import contextlib
import ipaddress
import sys
from typing import TYPE_CHECKING

from hpbridge.contract.execution import driver_options
from hpbridge.contract.offered_drivers import Http
from hpbridge.errors import DriverError
from hpbridge.remote.hands import Terms, open_hands
from hpbridge.remote.tokens import VARIABLE, given_token, made_token, own_token_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.experiment import Experiment
    from hpbridge.remote.hands import Hands
    from hpbridge.store.settings import Settings


@contextlib.contextmanager
def open_http(experiment: Experiment, settings: Settings) -> Iterator[Hands]:
    """Let workers run trials that come by themselves, with their own file.

    Raises:
        DriverError: If there is no listening there, or no token where others can come.
    """
    given = driver_options(Http, settings)
    token = given_token(given.token_file)
    tells = ""
    if token is None:
        if not _is_loopback(given.listen):
            headline = f"Listening at {given.listen} needs a token: others can come"
            hint = (
                f"set {VARIABLE}, or give --driver-option token_file=FILE; "
                "for instance `openssl rand -hex 24 > FILE`"
            )
            raise DriverError(headline, hint=hint)
        token = made_token()
        tells = f" (token: {own_token_file()})"
    with open_hands(
        experiment,
        settings,
        None,
        at=given.listen,
        patience=None,
        terms=Terms(token, given.patience, _tls(given)),
    ) as hands:
        address = hands.invitation.addresses[0]
        sys.stderr.write(
            f"Workers join with `hpbridge work {address} FILE`{tells}; "
            f"{settings.workers} at the same time run trials.\n"
        )
        yield hands


def _is_loopback(listen: str) -> bool:
    host = listen.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _tls(given: Http) -> dict[str, str]:
    """Return how uvicorn is to speak TLS, once it is seen that it can.

    Raises:
        DriverError: If certificate or key cannot be loaded.
    """
    if given.certfile is None:
        return {}
    import ssl

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certfile, given.keyfile, password="")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        headline = f"TLS cannot use {given.certfile}: {reason or error}"
        hint = "certfile and keyfile are files in PEM, without a password"
        raise DriverError(headline, hint=hint) from error
    key = {} if given.keyfile is None else {"ssl_keyfile": given.keyfile}
    return {"ssl_certfile": given.certfile, **key}
