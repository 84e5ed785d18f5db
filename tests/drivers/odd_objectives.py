"""Objectives that return and raise whatever can be; a file that workers import too.

A case is by name: what becomes of the trial, or what its error begins with or holds.
"""

from __future__ import annotations

import argparse
import asyncio
from decimal import Decimal
from fractions import Fraction

import numpy as np

import hpbridge as hpb


class NoTextError(Exception):
    def __str__(self) -> str:
        msg = "no text"
        raise RuntimeError(msg)

    __repr__ = __str__


class Base(BaseException):
    pass


class NoRepr:
    def __repr__(self) -> str:
        msg = "no repr"
        raise RuntimeError(msg)


class NoClass:
    @property
    def __class__(self):
        msg = "no class"
        raise RuntimeError(msg)


class NoFloat:
    def __float__(self) -> float:
        raise SystemExit(4)


class Half:
    def __float__(self) -> float:
        return 0.5


class NoItems(dict):
    def items(self):
        raise asyncio.CancelledError


class NoItem:
    shape = (1,)

    def item(self):
        msg = "no item"
        raise ValueError(msg)


def parses(_trial):
    argparse.ArgumentParser(prog="train").parse_args(["--no-such"])


def recurses(trial):
    return recurses(trial)


def closes(_trial):
    def generate():
        yield 1

    generator = generate()
    next(generator)
    generator.throw(GeneratorExit)


def raises(error):
    def objective(_trial):
        raise error

    return objective


def returns(value):
    return lambda _trial: value


ITSELF: dict = {}
ITSELF["value"] = ITSELF
EXITS = "(it called for the end of Python)"

RAISING = {
    "an exception": (raises(ValueError("too small")), "ValueError: too small"),
    "sys.exit(0)": (raises(SystemExit(0)), f"SystemExit: 0 {EXITS}"),
    "sys.exit()": (raises(SystemExit()), f"SystemExit {EXITS}"),
    "sys.exit('no data')": (raises(SystemExit("no data")), "SystemExit: no data"),
    "argparse": (parses, f"SystemExit: 2 {EXITS}"),
    "a cancellation": (raises(asyncio.CancelledError()), "CancelledError"),
    "a generator's end": (closes, "GeneratorExit"),
    "a BaseException": (raises(Base("odd")), "Base: odd"),
    "no text": (
        raises(NoTextError()),
        "NoTextError: its text cannot be had: RuntimeError",
    ),
    "a group": (raises(ExceptionGroup("two", [ValueError()])), "ExceptionGroup: two"),
    "recursion": (recurses, "RecursionError: maximum recursion depth exceeded"),
    "no memory": (raises(MemoryError()), "MemoryError"),
    "a warning": (raises(UserWarning("odd")), "UserWarning: odd"),
    "an error of ours": (raises(hpb.HpbridgeError("A is 3")), "HpbridgeError: A is 3."),
    "no more": (raises(StopIteration()), "StopIteration"),
}

FAILING = {
    "no repr": (NoRepr(), "the NoRepr <NoRepr, whose repr raises RuntimeError>"),
    "no class": (NoClass(), "the NoClass, which cannot be read: RuntimeError: no cl"),
    "no float": (NoFloat(), "the NoFloat, which is no number: SystemExit: 4"),
    "no items": (NoItems(a=1), "the NoItems, which cannot be read: CancelledError"),
    "no item": (NoItem(), "the NoItem, which cannot be read: ValueError: no item"),
    "itself": (ITSELF, "the dict, which cannot be read: RecursionError"),
    "too large an int": (10**400, "the int 1000"),
    "a larger one": (-(10**5000), "the int <int of 16610 bits>, too large for a float"),
    "too large a Decimal": (Decimal("1e999"), "Decimal('1E+999'), too large for a"),
    "too large a Fraction": (Fraction(10**400), "too large for a float"),
    "a longer float": (np.longdouble("1e4000"), "too large for a float"),
    "masked": (np.ma.masked, "a masked value for metric 'value'"),
    "a masked array": (np.ma.array([1.0], mask=[True]), "a masked value"),
    "a time": (np.datetime64("2020-01-01T00", "ns"), "the str '2020-01-01T00:00"),
    "a duration": (np.timedelta64(3, "ns"), "the str '3 nanoseconds'"),
    "an odd name": ({1: 2.0, "value": 1.0}, "a metric named 1, which is no text"),
    "a name of no text": ({NoRepr(): 2.0, "value": 1.0}, "a metric named <NoRepr,"),
    "an empty name": ({"": 2.0, "value": 1.0}, "a metric named '', which is no text"),
    "a name of no writing": ({"\ud800": 2.0, "value": 1.0}, "named '\\ud800', which"),
    "a name twice": ({"a/b": 1, "a": {"b": 2}, "value": 0}, "the metric 'a/b' twice"),
    "a class": (float, "the type <class 'float'> for metric 'value'"),
    "None": (None, "None for metric 'value'"),
    "text and numbers": ([1.0, "a"], "the list [1.0, 'a'] for metric 'value'"),
    "a nested text": ({"value": 1, "a": {"b": "c"}}, "the str 'c' for metric 'a/b'"),
}

COMPLETE = {
    "its own float": (Half(), {"value": 0.5}),
    "not masked": (np.ma.array([1.0], mask=[False]), {"value": 1.0}),
    "an infinite Decimal": (Decimal("inf"), {"value": float("inf")}),
    "a dict in a dict": (
        {"value": 1, "val": {"acc": 0.5, "by": {"class": 2}}},
        {"value": 1.0, "val/acc": 0.5, "val/by/class": 2.0},
    ),
    "names of another kind of text": ({np.str_("value"): 1}, {"value": 1.0}),
}

CASES = {
    **{name: objective for name, (objective, _) in RAISING.items()},
    **{name: returns(value) for name, (value, _) in {**FAILING, **COMPLETE}.items()},
}


def in_turn(trial):
    """Do what the case of the trial's number does."""
    return [*CASES.values()][trial.number](trial)


experiment = hpb.Experiment(objective=in_turn, space={"x": hpb.Float(0, 1)})
