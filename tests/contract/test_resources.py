from __future__ import annotations

import pytest

from hpbridge.contract.execution import Resources
from hpbridge.contract.resources import read_resources, resources_text, size_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", Resources()),
        (
            "cpu=2,gpu=0.5,memory=4GiB,my_custom=1",
            Resources(2, 0.5, 2**32, {"my_custom": 1}),
        ),
        (" cpus = 0 , gpus=1,", Resources(0, 1)),
        (
            "memory=512 MB,node:10.0.0.1=0.01",
            Resources(1, 0, 512 * 10**6, {"node:10.0.0.1": 0.01}),
        ),
    ],
)
def test_resources_are_read(text, found):
    assert read_resources(text) == found
    assert read_resources(resources_text(found)) == found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cpu", "resources are NAME=AMOUNT"),
        ("=1", "resources are NAME=AMOUNT"),
        ("cpu=two", "'cpu' must be a number, 0 or more, got 'two'"),
        ("cpu=-1", "'cpu' must be a number, 0 or more, got '-1'"),
        ("gpu=nan", "'gpu' must be a number, 0 or more, got 'nan'"),
        ("memory=much", "'memory' must be a size as in 4GiB, got 'much'"),
        ("CPU=1", "there is no resource 'CPU'; did you mean 'cpu'?"),
        ("cpu=1,cpus=2", "'cpus' is given twice"),
        ("a b=1", "'a b' names no resource"),
        ("cpu=x,gpu=y", "'cpu' must .*; 'gpu' must "),
    ],
)
def test_what_is_wrong_is_said_at_once(text, problem):
    with pytest.raises(ValueError, match=problem.replace("?", "[?]")):
        read_resources(text)


def test_sizes_are_read_as_people_write_them():
    sizes = {"4GiB": 2**32, "512 mib": 2**29, "2g": 2 * 10**9, "1.5KB": 1500, 9: 9}
    assert {text: size_of(text) for text in sizes} == sizes
    for wrong in ("much", "", "4 GiB of it", "-1", 0, True, 1.5, None, "GiB"):
        assert size_of(wrong) is None
