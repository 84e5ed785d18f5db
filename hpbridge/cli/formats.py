"""`hpbridge formats`: in what existing studies come in and go out."""

from __future__ import annotations

from hpbridge.cli.arguments import JsonOption


def formats(json: JsonOption = False) -> None:
    """List the formats of existing studies that can be read and written."""
    from hpbridge.cli.output import print_json, screen, table
    from hpbridge.contract.registry import registry

    found = list(registry().formats.values())
    if json:
        print_json(
            [
                {
                    "name": each.name,
                    "summary": each.summary,
                    "reads": each.looks_for,
                    "is_written": each.write is not None,
                    "holds": sorted(part.value for part in each.holds),
                }
                for each in found
            ]
        )
        return
    rows = [
        [each.name, each.looks_for, "no" if each.write is None else "yes"]
        for each in found
    ]
    screen().print(table("Formats", ["format", "reads", "written"], rows))
