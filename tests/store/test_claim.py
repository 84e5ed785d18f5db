from __future__ import annotations

import threading

import pytest

from hpbridge.errors import StoreLockedError
from hpbridge.store import claim as module
from hpbridge.store import open_store, schema
from hpbridge.store.claim import Claim


def rows(store) -> dict[str, str]:
    query = schema.meta.select()
    return dict(open_store(store).tuples(query))


def test_one_at_a_time_runs_a_comparison_and_others_are_free(tmp_path) -> None:
    store = open_store(tmp_path / "s.db")
    with Claim(store, 1, "mine"), Claim(store, 2, "other"):
        with pytest.raises(StoreLockedError, match="'mine' is being run by process"):
            Claim(store, 1, "mine").__enter__()
        assert len(rows(tmp_path / "s.db")) == 3
    assert [*rows(tmp_path / "s.db")] == ["schema"]
    with Claim(store, 1, "mine"):
        pass


def test_who_waits_gets_it_when_the_other_ends(tmp_path) -> None:
    store = open_store(tmp_path / "s.db")
    first, begun, ended = Claim(store, 1, "mine"), threading.Event(), []

    def wait() -> None:
        begun.set()
        with Claim(store, 1, "mine", seconds=60):
            ended.append(True)

    with first:
        thread = threading.Thread(target=wait)
        thread.start()
        begun.wait()
        assert not ended
    thread.join()
    assert ended


@pytest.mark.parametrize("value", ["1.0|here|1|2|3", "99999999999|{here}|1|2|3"])
def test_what_has_expired_or_is_of_a_dead_process_is_free(tmp_path, value) -> None:
    store = open_store(tmp_path / "s.db")
    here = module.new_owner().partition("|")[0]
    row = {"key": "runs comparison 1", "value": value.format(here=here)}
    with store.connected() as connection, connection.begin():
        connection.execute(schema.meta.insert(), row)
    with Claim(store, 1, "mine"):
        assert rows(tmp_path / "s.db")["runs comparison 1"] != row["value"]


def test_it_is_renewed_while_it_lasts(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.01)
    store = open_store(tmp_path / "s.db")
    with Claim(store, 1, "mine"):
        found = {rows(tmp_path / "s.db")["runs comparison 1"]}
        while len(found) < 3:
            found.add(rows(tmp_path / "s.db")["runs comparison 1"])
    assert [*rows(tmp_path / "s.db")] == ["schema"]
