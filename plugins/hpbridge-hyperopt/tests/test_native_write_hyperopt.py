"""Ours in Hyperopt's words, said once for making and for printing."""

from __future__ import annotations

from hyperopt import hp
from hyperopt.base import Domain, Trials

from hpbridge import Categorical, Float, Int, Quantized, Space
from hpbridge.encoding.encoded import Encoded
from hpbridge_hyperopt import CAPABILITIES
from hpbridge_hyperopt.backend.space import lay_out
from hpbridge_hyperopt.native.write import make, to_document, to_nodes

SPACE = Space(
    {
        "solver": Categorical(["adam", "sgd"], weights=[1, 3]),
        "beta": Float(1e-3, 1, log=True, when={"solver": "adam"}),
        "batch": Quantized(1.0, 64.0, 8, log=True, when={"solver": ["adam", "sgd"]}),
        "layers": Int(1, 4),
        "mode": Categorical([3, 4, 5]),
        "flag": Categorical([True, None, "auto"]),
    }
)


def nodes(as_node):
    encoded = Encoded(SPACE, CAPABILITIES)
    return to_nodes(encoded, lay_out(encoded), as_node)


def test_each_parameter_is_one_call():
    calls = {}

    def noted(name, call):
        calls[name] = call.source()
        return name

    space = nodes(noted)
    assert list(space) == ["solver", "layers", "mode", "flag"]
    assert calls == {
        "flag": "hp.choice('flag', [True, None, 'auto'])",
        "mode": "hp.randint('mode', 3)",
        "layers": "hp.quniform('layers', 0.5, 4.5, 1)",
        "batch": "hp.qloguniform('batch', math.log(1.0), math.log(64.0), 8.0)",
        "beta": "hp.loguniform('beta', math.log(0.001), math.log(1.0))",
        "solver": "hp.pchoice('solver', ["
        "(0.25, {'solver': 'adam', 'beta': 'beta', 'batch': 'batch'}), "
        "(0.75, {'solver': 'sgd', 'batch': 'batch'})])",
    }


def test_what_branches_share_is_one_node():
    made = []

    def counted(name, call):
        made.append(name)
        return make(name, call)

    space = nodes(counted)
    assert sorted(made) == sorted(SPACE)
    assert sorted(Domain(None, space).params) == sorted(
        SPACE
    )  # no label is there twice


def test_a_document_says_of_every_label_what_was_drawn():
    domain, trials = (
        Domain(None, {"b": hp.uniform("b", 0, 1), "a": hp.uniform("a", 0, 1)}),
        Trials(),
    )
    doc = to_document(trials, domain, 7, {"b": 0.5}, {"status": "new"})
    assert doc["misc"] == {
        "tid": 7,
        "cmd": domain.cmd,
        "workdir": None,
        "idxs": {"a": [], "b": [7]},
        "vals": {"a": [], "b": [0.5]},
    }
    assert list(doc["misc"]["vals"]) == ["a", "b"]
    trials.insert_trial_docs([doc])  # where Hyperopt itself looks at it
