"""The categorical parameter, and how its choices are named in a record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hpbridge.space.features import Feature
from hpbridge.space.kinds import Searched, When, freeze_when
from hpbridge.space.plain import (
    Label,
    flag_problems,
    is_equal,
    is_number,
    label_of,
    plain_flag,
    plain_number,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from typing import Self

__all__ = ["Categorical", "is_equal", "label_of"]


class Categorical(Searched):
    """One of several choices.

    Args:
        choices: A sequence of hashable objects, or ``{label: object}`` with any
            objects. The record holds labels, the objective gets the objects.
        ordered: The order of the choices means something; optimizers that can use an
            order search the position.
        weights: How often a choice is drawn before anything is known: one positive
            number a choice in their order, or ``{label: weight}``. Need not sum to 1.
        when: ``{parent: value or list of values}`` under which it is active.

    Example:
        >>> Categorical({"small": (32,), "large": (64, 64)}).labels
        ('small', 'large')
        >>> Categorical(["a", "b"], weights=[3, 1]).weights
        (0.75, 0.25)
    """

    def __init__(
        self,
        choices: Iterable[object] | Mapping[str, object],
        *,
        ordered: bool = False,
        weights: Sequence[float] | Mapping[Any, float] | None = None,
        when: Mapping[str, object] | When | None = None,
    ) -> None:
        self._problems: list[str] = []
        self.labels, self.choices = self._read_choices(choices)
        self.ordered = plain_flag(ordered)
        self._problems += flag_problems("ordered", self.ordered)
        self.weights = self._read_weights(weights)
        self.when = freeze_when(when)
        self._index = {label: k for k, label in enumerate(self.labels)}

    @classmethod
    def labelled(
        cls,
        labels: Sequence[Label],
        choices: Sequence[object],
        *,
        weights: Sequence[float] | None = None,
    ) -> Self:
        """Return one of any objects, each under a plain value that stands for it.

        Args:
            labels: In the order of `choices`; no two are equal.
            choices: What the objective sees.
            weights: As of `Categorical`.
        """
        found = cls(labels, weights=weights)
        found.choices = tuple(choices)
        return found

    def _read_choices(
        self, choices: object
    ) -> tuple[tuple[Label, ...], tuple[object, ...]]:
        if hasattr(choices, "items") and hasattr(choices, "keys"):
            pairs = list(choices.items())
            wrong = [k for k, _ in pairs if not isinstance(k, str)]
            self._problems += [f"label {k!r} is not a string" for k in wrong]
        elif isinstance(choices, (str, bytes, set, frozenset)):
            kind = type(choices).__name__
            self._problems.append(
                f"choices must have an order, got the {kind} {choices!r}"
            )
            return (), ()
        else:
            pairs = self._name_choices(choices)
        if not pairs and not self._problems:
            self._problems.append("choices are empty")
        self._find_duplicates([label for label, _ in pairs])
        return tuple(label for label, _ in pairs), tuple(obj for _, obj in pairs)

    def _name_choices(self, choices: Any) -> list[tuple[Label, object]]:
        try:
            listed = list(choices)
        except TypeError:
            self._problems.append(f"choices must be a sequence, got {choices!r}")
            return []
        pairs: list[tuple[Label, object]] = []
        for choice in listed:
            try:
                hash(choice)
                pairs.append((label_of(choice), choice))
            except TypeError:
                self._problems.append(
                    f"choice {choice!r} is not hashable; "
                    "give it a label: {'name': choice}"
                )
            except ValueError as error:
                self._problems.append(str(error))
        return pairs

    def _find_duplicates(self, labels: list[Label]) -> None:
        # By ==, as the libraries compare: 1, 1.0 and True are one category to them.
        seen: set[Label] = set()
        for label in labels:
            if label in seen:
                self._problems.append(f"choice {label!r} is there twice")
            seen.add(label)

    def _read_weights(self, weights: Any) -> tuple[float, ...] | None:
        if weights is None:
            return None
        values = [plain_number(weight) for weight in self._in_order(weights)]
        if self._problems:
            return None
        if len(values) != len(self.labels):
            problem = f"{len(values)} weights for {len(self.labels)} choices"
            self._problems.append(problem)
            return None
        wrong = [w for w in values if not (is_number(w) and 0 < w < math.inf)]
        if wrong:
            self._problems.append(f"weights must be positive and finite, got {wrong}")
            return None
        return self._shares(values)

    def _shares(self, values: Sequence[float]) -> tuple[float, ...] | None:
        """Return positive numbers as fractions of their sum."""
        try:
            total = math.fsum(values)
        except OverflowError:
            total = math.inf
        if math.isclose(total, 1.0, rel_tol=1e-12):
            return tuple(values)  # so that writing and reading a space changes no bit
        shares = tuple(w / total for w in values)
        if not all(shares):
            problem = f"weights differ by more than a float can hold: {values}"
            self._problems.append(problem)
            return None
        return shares

    def _in_order(self, weights: Any) -> Iterable[object]:
        """Return weights in the order of the choices; nothing when that is unclear."""
        is_scalar = getattr(weights, "shape", None) == ()  # NumPy's have an `__iter__`
        is_text = isinstance(weights, (str, set))
        if is_text or is_scalar or not isinstance(weights, Iterable):
            self._problems.append(f"weights must be numbers in order, got {weights!r}")
            return []
        if not isinstance(weights, Mapping):
            return weights
        unknown = [k for k in weights if k not in self.labels]
        missing = [k for k in self.labels if k not in weights]
        if unknown or missing:
            self._problems.append(
                f"weights must name every choice; unknown {unknown}, missing {missing}"
            )
            return []
        return [weights[label] for label in self.labels]

    def problems(self) -> list[str]:
        """Return what is wrong with the choices and the weights."""
        return list(self._problems)

    @property
    def n_values(self) -> int:
        """How many choices there are."""
        return len(self.labels)

    can_be_parent = True

    @property
    def feature(self) -> Feature:
        """By its weights or order."""
        if self.weights is not None:
            return Feature.CATEGORICAL_WEIGHTS
        return Feature.CATEGORICAL_ORDERED if self.ordered else Feature.CATEGORICAL

    @property
    def grid(self) -> tuple[Label, ...]:
        """All labels in order."""
        return self.labels

    @property
    def middle(self) -> Label:
        """The first label, since choices have no middle."""
        return self.labels[0]

    def draw(self, rng: random.Random) -> Label:
        """Draw a label, by weight if there are weights."""
        if self.weights is None:
            return self.labels[rng.randrange(len(self.labels))]
        return rng.choices(self.labels, self.weights)[0]

    def is_typed(self, value: object) -> bool:
        """Say whether a value is a label, of the label's own type."""
        return self.contains(value)

    def holds(self, value: Any) -> bool:
        """Say whether a value equals a label."""
        return value in self.labels

    def _to_fields(self) -> dict[str, Any]:
        return {
            "choices": list(self.labels),
            **({"ordered": True} if self.ordered else {}),
            **({} if self.weights is None else {"weights": list(self.weights)}),
        }

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        # The labels are given as they were: a label need not be what label_of makes.
        return cls(fields.pop("choices"), **fields)

    def at(self, index: int) -> Label:
        """Return the label at this position."""
        return self.labels[index]

    def index(self, label: Label) -> int:
        """Return the position of a label."""
        return self._index[label]

    def choice(self, label: Label) -> object:
        """Return the user's object for a label."""
        return self.choices[self._index[label]]

    def contains(self, value: object) -> bool:
        """Say whether the value is a label, of the label's own type."""
        try:
            index = self._index.get(value)  # type: ignore[call-overload]
        except TypeError:
            return False
        return index is not None and type(self.labels[index]) is type(value)

    def canonical(self, value: object) -> Label:
        """Return the label for a choice object or for a label."""
        for label, choice in zip(self.labels, self.choices, strict=True):
            if choice is value:
                return label
        for label, choice in zip(self.labels, self.choices, strict=True):
            if type(choice) is type(value) and is_equal(choice, value):
                return label  # 1, 1.0 and True are equal
        for label, choice in zip(self.labels, self.choices, strict=True):
            if is_equal(choice, value) or is_equal(label, value):
                return label
        msg = f"is {value!r}, not one of {list(self.labels)}"
        raise ValueError(msg)

    def _key(self) -> tuple[object, ...]:
        types = tuple(type(label) for label in self.labels)
        return (self.labels, types, self.ordered, self.weights, self.when)

    def __eq__(self, other: object) -> bool:
        """Two are equal when labels, order, weights and condition are."""
        return isinstance(other, Categorical) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.labels, self.ordered, self.weights))

    def __repr__(self) -> str:
        extra = "".join(
            f", {name}={value!r}"
            for name, value in [("ordered", self.ordered), ("weights", self.weights)]
            if value
        )
        if self.when:
            extra += f", when={dict(self.when)!r}"
        return f"Categorical({list(self.labels)!r}{extra})"
