"""The kit for formats over every installed one."""

from __future__ import annotations

import pytest

from hpbridge.contract.registry import registry
from hpbridge.testing.checks import judge, run_check
from hpbridge.testing.format_case import FormatCase
from hpbridge.testing.format_checks import FORMATS

# What is said of a format that is only read, without a sample of it.
OF_A_READER = ("record", "others", "wrong_files")

PAIRS = [
    (name, check)
    for name, form in registry().formats.items()
    for check in FORMATS.checks
    if form.write is not None or check in OF_A_READER
]


@pytest.mark.parametrize(("name", "check"), PAIRS)
def test_an_installed_format_keeps_the_rules(name, check):
    form = registry().formats[name]
    judge(run_check(FORMATS.checks[check], FormatCase(form)), "")


def test_the_table_of_a_search_is_a_sample(tmp_path):
    import pandas as pd
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV

    grid = {"alpha": [0.1, 1.0, 10.0], "fit_intercept": [True, False]}
    search = GridSearchCV(Ridge(), grid, cv=2).fit([[1], [2], [3], [5]], [1, 2, 2, 4])
    sample = tmp_path / "results.csv"
    pd.DataFrame(search.cv_results_).to_csv(sample)
    case = FormatCase(registry().formats["sklearn"], [sample])
    for check in ("own", "source", "damage"):
        judge(run_check(FORMATS.checks[check], case), "")
