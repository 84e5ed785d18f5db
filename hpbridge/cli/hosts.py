"""`hpbridge hosts`: the libraries' own APIs into which any optimizer plugs."""

from __future__ import annotations

from hpbridge.cli.arguments import JsonOption


def hosts(json: JsonOption = False) -> None:
    """List the libraries' own APIs into which any optimizer plugs."""
    from hpbridge.cli.output import print_json, screen, table
    from hpbridge.contract.registry import registry

    found = list(registry().hosts.values())
    if json:
        print_json(
            [
                {
                    "name": each.name,
                    "summary": each.summary,
                    "line": each.line,
                    "more_lines": list(each.more_lines),
                }
                for each in found
            ]
        )
        return
    rows = [
        [each.name, each.summary, "\n".join([each.line, *each.more_lines])]
        for each in found
    ]
    screen().print(table("Hosts", ["host", "what plugs in", "the line"], rows))
    screen().print(
        "options={...} beside the optimizer's name are those of its algorithm, by its "
        "library's own names: `hpbridge backends OPTIMIZER`"
    )
