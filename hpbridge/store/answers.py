"""Wait no longer than so long for the answer of a database server.

One that is frozen, or behind a network that drops all, still has its connections: what
waits for it without a limit waits for ever. PyMySQL has a limit of its own. libpq has
none, and the server's own limits do not hold while it is frozen.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import sqlalchemy as sa

ANSWER_SECONDS = 15
"""How long a server may say nothing while it is waited for."""


def limit_answers(engine: sa.Engine, seconds: float) -> None:
    """Give up a connection of psycopg when its server says nothing for so long."""
    import sqlalchemy as sa

    def connect(
        _dialect: object, _record: object, args: list[Any], options: dict[str, Any]
    ) -> Any:
        return _connection_type(seconds).connect(*args, **options)

    sa.event.listen(engine, "do_connect", connect)


def _connection_type(seconds: float) -> Any:
    import psycopg

    class Connection(psycopg.Connection[Any]):  # type: ignore[misc]
        """A connection that does not wait for ever.

        Source:
            psycopg 3.2 and 3.3: all that waits for a server calls `wait` with a
            generator, and every tenth of a second sends it that nothing has come.
        """

        def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
            return super().wait(_limited(gen, seconds, self._leave), *args, **kwargs)

        def _leave(self) -> None:
            self.close()  # which waits for nothing
            msg = f"the server accepts connections, and did not answer for {seconds} s"
            raise psycopg.OperationalError(msg)

    return Connection


def _limited(
    waiting: Any, seconds: float, leave: Callable[[], None]
) -> Generator[Any, Any, Any]:
    """Wait as a generator of psycopg's does, so long as something comes."""
    heard_at = time.monotonic()
    try:
        wanted = next(waiting)
        while True:
            ready = yield wanted
            if ready:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > seconds:
                leave()
            wanted = waiting.send(ready) or wanted
    except StopIteration as end:
        return end.value
