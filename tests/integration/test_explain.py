"""What `explain` lists as emulated is what its script says, for every algorithm."""

from __future__ import annotations

import ast
import importlib.util
import json
import re

import pytest

from hpbridge import Categorical, Float, Int, Normal, Quantized, Space
from hpbridge.contract.backend import Problem
from hpbridge.contract.capabilities import Feature
from hpbridge.contract.references import load_experiment
from hpbridge.contract.registry import registry
from hpbridge.encoding.encode import encode
from hpbridge.learning.choice import choose
from hpbridge.learning.staging import learning_of
from hpbridge.testing.parity import check_parity
from tests.command import hpbridge

KINDS = {
    "float": Float(-1, 1),
    "float beyond decimals": Float(0, 1e-9),
    "float log": Float(1e-3, 1, log=True),
    "float step": Float(0, 1, step=0.25),
    "float prior": Float(0, 1, prior=Normal(0.5, 0.2)),
    "int": Int(1, 9),
    "int log": Int(1, 100, log=True),
    "int step": Int(1, 9, step=2),
    "quantized": Quantized(0, 1, 0.25),
    "texts": Categorical(["a", "b", "c"]),
    "numbers": Categorical([1, 2, 3]),
    "mixed": Categorical([None, True, "x"]),
    "ordered": Categorical(["a", "b", "c"], ordered=True),
    "weights": Categorical(["a", "b"], weights=[0.8, 0.2]),
    "one value": Int(3, 3),
    "one choice": Categorical(["only"]),
}
SPACES = {kind: Space({"p": parameter}) for kind, parameter in KINDS.items()}
SPACES |= {
    "under a choice": Space(
        {"c": Categorical(["a", "b"]), "p": Int(1, 9, when={"c": "a"})}
    ),
    "under a number": Space(
        {"c": Categorical([1, 2]), "p": Int(1, 9, step=2, when={"c": 1})}
    ),
    "under an int": Space({"n": Int(1, 3), "p": Int(1, 9, when={"n": 2})}),
    "under two": Space(
        {
            "c": Categorical(["a", "b"]),
            "n": Int(1, 3),
            "p": Int(1, 9, when={"c": "a", "n": 2}),
        }
    ),
    "forbid": Space({"n": Int(1, 3)}, forbid=[{"n": 2}]),
    "constant": Space({"n": Int(1, 3), "k": 7}),
    "names": Space({"a/b": Int(1, 3), "7": Categorical([1, 2])}),
}
OPTIMIZERS = [
    f"{spec.name}:{name}"
    for spec in registry().libraries.values()
    for name in spec.algorithms
]
COMMENT = re.compile(r"^ *# (?P<name>.+?): .+ \((?P<encoding>[a-z+-]+)\)$", re.M)


def said_in(source):
    """Return (parameter, encoding) of every comment of a script."""
    return {(found["name"], found["encoding"]) for found in COMMENT.finditer(source)}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_script_names_exactly_the_encodings_of_the_table(optimizer):
    spec, algorithm = registry().algorithm(optimizer)
    if registry().missing(spec, algorithm):
        pytest.skip("its library is not installed")
    options = algorithm.options()
    n_searched = 0
    for kind, space in SPACES.items():
        problem = Problem(space)
        if algorithm.reasons_against(problem):
            continue
        encoded = encode(problem, algorithm, options)
        source = spec.explain(problem, algorithm, options, 0)
        listed = {(name, encoding) for name, encoding, _ in encoded.notes()}
        assert said_in(source) == listed, kind
        n_searched += 1
    assert n_searched > 5


@pytest.mark.parametrize(
    ("backend", "name", "listed"),
    [
        ("hyperopt", "under an int", [("p", "flatten")]),
        ("skopt", "numbers", [("p", "choice-index")]),
        ("ray:hyperopt", "int step", [("p", "index+round")]),
        ("ray:bohb", "float beyond decimals", [("p", "scaled")]),
        ("optuna", "float log", []),
    ],
)
def test_the_command_line_lists_what_the_plugin_does(backend, name, listed, tmp_path):
    file = tmp_path / "one.py"
    data = json.dumps(SPACES[name].to_json())
    file.write_text(
        "import json, hpbridge as hpb\n"
        f"space = hpb.Space.from_json(json.loads({data!r}))\n"
        "experiment = hpb.Experiment(space=space, objective=abs, name='e')\n"
    )
    words = ["explain", f"{file}:experiment", "-b", backend, "--json"]
    done = hpbridge(tmp_path, *words)
    found = json.loads(done.stdout)
    told = [(each["parameter"], each["encoding"]) for each in found["encodings"]]
    assert told == listed
    assert said_in(found["source"]) == set(listed)


# What a script could take for its own: quotes, ends of lines, what no file holds, words
# of the language, its builtins, and names that scripts import or bind.
ODD = [
    "\ud800x",
    "a\x00b",
    "a\nb",
    "\r",
    "\u2028",
    "\x1b[31m",
    "a'b",
    'a"b',
    "'''",
    '"""',
    "a\\b",
    "# c",
    "{x}",
    "%s",
    "a.b[0]",
    "x y",
    "class",
    "None",
    "self",
    "print",
    "float",
    "dict",
    "hp",
    "math",
    "numpy",
    "optuna",
    "hpbridge",
    "decode",
    "params",
    "trial",
    "trials",
    "space",
    "objective",
]


def odd_space(kinds):
    """Return parameters with odd names, choices and conditions."""
    space = {}
    for number, name in enumerate(ODD):
        space[name] = kinds[number % len(kinds)]
        space[f"{name}-of"] = Categorical([name, "b"])
    return space


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_odd_names_leave_the_script_whole(optimizer):
    spec, algorithm = registry().algorithm(optimizer)
    if registry().missing(spec, algorithm):
        pytest.skip("its library is not installed")
    kinds = [
        Float(1, 2, prior=Normal(1, 1)),
        Int(1, 8, log=True),
        Float(0, 1, when={f"{ODD[0]}-of": ODD[0]}),
    ]
    problem = Problem(Space(odd_space(kinds)))
    if algorithm.reasons_against(problem):
        problem = Problem(Space({ODD[0]: Int(1, 2), ODD[2]: Int(1, 2)}))
    source = spec.explain(problem, algorithm, algorithm.options(), 0)
    tree = ast.parse(source)
    assert ast.dump(ast.parse(source.encode())) == ast.dump(tree)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert set(problem.space) <= texts


@pytest.mark.parametrize("backend", ["optuna", "hyperopt", "skopt", "random"])
def test_a_script_with_odd_names_runs(backend):
    spec = registry().backends[backend]
    if registry().missing(spec, spec.algorithms["random"]):
        pytest.skip("its library is not installed")
    if backend == "hyperopt" and importlib.util.find_spec("bson"):
        pytest.skip("beside pymongo, Hyperopt itself refuses names that are no UTF-8")
    space = Space(odd_space([Float(0, 1), Int(1, 8, log=True)]))
    check_parity(spec, "random", space, 3, 1, spec.algorithms["random"].quick)


def explained(tmp_path, text: str, backend: str) -> dict:
    file = tmp_path / "one.py"
    file.write_text("import hpbridge as hpb\n" + text)
    words = ["explain", f"{file}:experiment", "-b", backend, "--json"]
    done = hpbridge(tmp_path, *words)
    return json.loads(done.stdout)


def test_one_value_for_several_metrics_and_bounds_is_listed(tmp_path):
    text = (
        "experiment = hpb.Experiment(\n"
        "    space={'x': hpb.Float(0, 1)}, objective=abs, name='e',\n"
        "    direction={'a': 'minimize', 'b': 'maximize'}, constraints={'c': '<= 1'})\n"
    )
    found = explained(tmp_path, text, "skopt")
    listed = [(each["parameter"], each["encoding"]) for each in found["encodings"]]
    assert listed == [("a, b", "chebyshev"), ("c", "feasible-first")]
    assert "gp_minimize" in found["source"]
    assert found["source"].startswith("# a, b: told as one value")
    assert explained(tmp_path, text, "optuna")["encodings"] == []


def test_each_part_of_a_portfolio_has_a_script_of_its_own(tmp_path):
    text = (
        "from sklearn.datasets import load_iris\n"
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "from sklearn.tree import DecisionTreeClassifier\n"
        "X, y = load_iris(return_X_y=True)\n"
        "models = {\n"
        "    'tree': (DecisionTreeClassifier(), {'max_depth': hpb.Int(1, 5)}),\n"
        "    'near': (KNeighborsClassifier(), {'n_neighbors': hpb.Int(1, 9)}),\n"
        "}\n"
        "shares = {'tree': 0.5, 'near': 0.5}\n"
        "experiment = hpb.Evaluation(models, X, y, shares=shares)\n"
    )
    parts = explained(tmp_path, text, "skopt")["parts"]
    assert "max_depth" in parts["tree"]["source"]
    assert "n_neighbors" in parts["near"]["source"]
    assert "n_neighbors" not in parts["tree"]["source"]


@pytest.mark.parametrize("backend", ["optuna", "skopt", "hyperopt", "bayesopt"])
def test_what_is_made_of_pruned_trials_is_said(tmp_path, backend):
    file = tmp_path / "one.py"
    file.write_text(
        "import hpbridge as hpb\n"
        "experiment = hpb.Experiment(\n"
        "    space={'x': hpb.Float(0, 1)}, objective=abs, name='e')\n"
    )
    words = ["explain", f"{file}:experiment", "-b", backend, "--pruner", "median"]
    done = hpbridge(tmp_path, *words, "--json")
    found = json.loads(done.stdout)
    spec, algorithm = registry().algorithm(backend)
    note = algorithm.capabilities[Feature.PRUNED_TRIALS].note
    assert found["pruned"] == note
    assert f"# what {found['optimizer']} makes of trials" in found["source"]
    assert ("every trial runs to its end" in found["source"]) != bool(spec.pruners)
    ast.parse(found["source"])


def test_what_is_learnt_at_several_budgets_is_said(tmp_path):
    file = tmp_path / "one.py"
    file.write_text(
        "import hpbridge as hpb\n"
        "experiment = hpb.Experiment(\n"
        "    space={'x': hpb.Float(0, 1)}, objective=abs, name='e',\n"
        "    budget=hpb.Budget(1, 9))\n"
    )
    for backend in ("random", "hyperopt:tpe"):
        words = ["explain", f"{file}:experiment", "-b", backend, "--json"]
        done = hpbridge(tmp_path, *words, "--pruner", "hyperband")
        found = json.loads(done.stdout)
        learning = learning_of(choose(backend, load_experiment(f"{file}:experiment")))
        assert found["budgets"] == learning.sentence(found["optimizer"], 1)
        assert "pruned" not in found
        assert found["source"].startswith(f"# with budgets, {found['budgets']}\n")
        ast.parse(found["source"])
