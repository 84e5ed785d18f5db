"""`hpbridge stop`: end a study that runs elsewhere."""

from __future__ import annotations

from hpbridge.cli.arguments import JsonOption, StoreOption, StudyArg


def stop(study: StudyArg, store: StoreOption = None, json: JsonOption = False) -> None:
    """End a study that runs in another shell, after its running trials."""
    from hpbridge.cli.output import print_json, screen
    from hpbridge.engine.requests import stop as stop_study

    has_heard = stop_study(study, store=store)
    if json:
        print_json({"study": study, "heard": has_heard})
        return
    when = "ends after its running trials"
    later = "will hear of it at the end of a running trial, and end then"
    screen().print(f"Study {study} {when if has_heard else later}.")
