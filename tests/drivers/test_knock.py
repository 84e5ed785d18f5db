from __future__ import annotations

import socket

from hpbridge.drivers.knock import knock


def test_something_that_listens_is_there():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert knock("127.0.0.1", port) is None
    assert knock("127.0.0.1", port) == "nothing is there: connection refused"


def test_a_name_that_nobody_has_is_told():
    assert knock("no-such-host.invalid", 1) == "there is no host of this name"
    assert knock("a" * 70 + ".b", 1) == "nothing is there: the name cannot be looked up"
