"""Files that were damaged anyhow are read, or refused in a sentence."""

from __future__ import annotations

import random

import mutants
import pytest

SEED = 15
QUICK, ALL = 200, 20_000
PARTS = 20


@pytest.fixture(scope="module")
def known():
    return mutants.samples()


def test_the_files_that_are_changed_are_of_every_format_and_read(known, tmp_path):
    for number, sample in enumerate(known):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert mutants.is_read(mutants.placed(sample, sample.data, folder))


def check(known, folder, numbers):
    n_read = 0
    for number in numbers:
        rng = random.Random(f"{SEED}-{number}")  # each can be had alone
        sample = rng.choice(known)
        data = mutants.mutant(sample, rng, known)
        path = mutants.placed(sample, data, folder)
        try:
            n_read += mutants.is_read(path)
        except Exception as error:
            msg = f"mutant {number} of {sample.name}: {type(error).__name__}: {error}"
            raise AssertionError(msg) from error
    assert len(numbers) / 20 < n_read < len(numbers) * 0.9


def test_a_mutant_is_read_or_refused_in_a_sentence(known, tmp_path):
    check(known, tmp_path, range(QUICK))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_each_of_many_mutants_is_read_or_refused(known, tmp_path, part):
    size = ALL // PARTS
    check(known, tmp_path, range(part * size, part * size + size))
