"""Hyperopt's TPE, proposing the same in less time.

`tpe.suggest` builds the same program of the posterior for each proposal, also for those
that it then draws at random, and collects garbage while it runs it. `QuickTpe` builds
it once, and runs it as it is. How far it is believed is the business of `Trust`.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge.plugin import Trust
from hpbridge_hyperopt import _upstream
from hpbridge_hyperopt._upstream import hyperopt
from hpbridge_hyperopt.options import TpeOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyperopt.base import Domain, Trials

_N_TRIED = 5
"""A random trial, and four proposals."""


class QuickTpe:
    """A suggest function for one study: of one domain, with one history.

    Args:
        options: Of `tpe.suggest`.
        trust: How far it is believed.

    Source:
        hyperopt 0.3.0, `tpe.suggest`. Its documents of one id (`from_tid`) and its
        `randint` with an offset are left out: no space of ours has them.
    """

    def __init__(self, options: TpeOptions, trust: Trust) -> None:
        self._options, self._trust = options, trust
        # Logging two lines a trial is no part of the algorithm.
        self._theirs: Callable[..., list[dict[str, Any]]] = partial(
            hyperopt.tpe.suggest, **vars(options), verbose=False
        )
        self._program: tuple[dict[str, Any], dict[str, Any], Any] | None = None

    def __call__(
        self, new_ids: Sequence[int], domain: Domain, trials: Trials, seed: Any
    ) -> list[dict[str, Any]]:
        """Return the document of a new trial, as `tpe.suggest` does."""
        known = _known(trials)
        theirs = partial(self._theirs, new_ids, domain, trials, seed)
        if not known:
            if self._options.n_startup_jobs < 1:
                return theirs()
            # A random trial hangs on the seed alone: the first is looked at for all.
            ours = partial(self._draw, new_ids, domain, trials, seed)
            return self._trust.propose(ours, theirs, key="random")
        if len(known) < self._options.n_startup_jobs:
            is_ours = not self._trust.lost_because
            return self._draw(new_ids, domain, trials, seed) if is_ours else theirs()
        ours = partial(self._propose, new_ids[0], domain, trials, seed, known)
        return self._trust.propose(ours, theirs)

    @staticmethod
    def _draw(
        new_ids: Sequence[int], domain: Domain, trials: Trials, seed: Any
    ) -> list[dict[str, Any]]:
        return hyperopt.rand.suggest(  # type: ignore[no-any-return]
            new_ids, domain, trials, seed
        )

    def _propose(
        self,
        tid: int,
        domain: Domain,
        trials: Trials,
        seed: Any,
        known: list[tuple[int, float, dict[str, Any]]],
    ) -> list[dict[str, Any]]:
        if self._program is None:
            build, options = _upstream.BUILD_POSTERIOR.get(), self._options
            self._program = build(domain, options.prior_weight, options.gamma)
        observed, observed_loss, posterior = self._program
        tids, losses, miscs = zip(*known, strict=True)
        # The candidates need ids that no trial has.
        first = max(tids[-1], tid) + 2
        fake_ids = list(range(first, first + self._options.n_EI_candidates))
        to_idxs_vals = _upstream.MISCS_TO_IDXS_VALS.get()
        idxs, vals = to_idxs_vals(miscs, keys=list(domain.params))
        memo = {
            domain.s_new_ids: fake_ids,
            domain.s_rng: np.random.default_rng(seed),
            observed_loss["idxs"]: tids,
            observed_loss["vals"]: list(losses),
            observed["idxs"]: idxs,
            observed["vals"]: vals,
        }
        idxs, vals = _upstream.REC_EVAL.get()(
            posterior, memo=memo, memo_gc=False, print_node_on_error=False
        )
        misc = {"tid": tid, "cmd": domain.cmd, "workdir": domain.workdir}
        _upstream.MISCS_UPDATE_IDXS_VALS.get()(
            [misc],
            idxs,
            vals,
            idxs_map={fake_ids[0]: tid},
            assert_all_vals_used=False,
        )
        result = domain.new_result()
        return trials.new_trial_docs(  # type: ignore[no-any-return]
            [tid], [None], [result], [misc]
        )


def _known(trials: Trials) -> list[tuple[int, float, dict[str, Any]]]:
    """Return (id, loss, misc) of the trials that count, in their order.

    One without a loss counts as infinitely bad, one with a loss of NaN not at all.
    """
    found = []
    for doc in trials.trials:
        loss = doc["result"].get("loss")
        loss = math.inf if loss is None else float(loss)
        if not math.isnan(loss):
            found.append((doc["tid"], loss, doc["misc"]))
    found.sort(key=lambda each: each[0])
    return found


def problems_of_quick_way() -> list[str]:
    """Say whether it proposes what the installed `tpe.suggest` does, tried out."""
    hp, trust = hyperopt.hp, Trust("hyperopt:tpe")
    suggest = QuickTpe(TpeOptions(n_startup_jobs=1), trust)
    space = {"c": hp.choice("c", ["a", {"x": hp.uniform("x", 0, 1)}])}
    domain, history = _upstream.DOMAIN.get()(None, space), _upstream.History()
    for seed in range(_N_TRIED):
        (doc,) = suggest(history.new_trial_ids(1), domain, history, seed)
        doc["state"] = hyperopt.JOB_STATE_DONE
        doc["result"] = {"loss": float(seed), "status": hyperopt.STATUS_OK}
        history.add(doc)
    return [*trust.notes]
