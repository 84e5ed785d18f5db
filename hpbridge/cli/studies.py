"""`hpbridge studies`: what a store holds."""

from __future__ import annotations

from hpbridge.cli.arguments import JsonOption, StoreOption


def studies(store: StoreOption = None, json: JsonOption = False) -> None:
    """List the studies and comparisons of a store."""
    from hpbridge.cli.output import print_json, screen, table
    from hpbridge.store import open_store

    database = open_store(store)
    counts = database.count_trials()
    damaged = database.check_studies(counts)
    listed = [
        {
            "id": study.id,
            "name": study.name,
            "optimizer": study.optimizer,
            "seed": study.seed,
            "status": "damaged" if study.id in damaged else study.status,
            "trials": counts.get(study.id, 0),
            "comparison": study.comparison_id,
        }
        for study in database.studies()
    ]
    comparisons = [{"id": c.id, "name": c.name} for c in database.comparisons()]
    if json:
        print_json({"studies": listed, "comparisons": comparisons})
        return
    columns = ["id", "name", "optimizer", "seed", "status", "trials", "comparison"]
    out = screen()
    out.print(table("Studies", columns, [list(row.values()) for row in listed]))
    if comparisons:
        rows = [list(row.values()) for row in comparisons]
        out.print(table("Comparisons", ["id", "name"], rows))
