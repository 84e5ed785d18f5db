"""Hyperopt's TPE, proposing the same in less time.

`tpe.suggest` builds the same program of the posterior for each proposal, and collects
garbage while it runs it. `LeanTpe` builds it once, and runs it as it is.

It does not have to be believed: at the 1st, 2nd, 4th, 8th ... proposal `tpe.suggest`
proposes too, from the same seed. If the two differ in one bit, as after a change in
Hyperopt they may, `tpe.suggest` proposes from there on.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hpbridge_hyperopt import _upstream
from hpbridge_hyperopt._upstream import hyperopt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyperopt.base import Domain, Trials


class LeanTpe:
    """A suggest function for one study: of one domain, with one history.

    Args:
        prior_weight: As of `tpe.suggest`, and so the others.

    Source:
        hyperopt 0.3.0, `tpe.suggest`. Its documents of one id (`from_tid`) and its
        `randint` with an offset are left out: no space of ours has them.
    """

    def __init__(
        self,
        *,
        prior_weight: float,
        n_startup_jobs: int,
        n_EI_candidates: int,  # noqa: N803 - the library's name
        gamma: float,
    ) -> None:
        # Logging two lines a trial is no part of the algorithm.
        self._theirs: Callable[..., list[dict[str, Any]]] = partial(
            hyperopt.tpe.suggest,
            prior_weight=prior_weight,
            n_startup_jobs=n_startup_jobs,
            n_EI_candidates=n_EI_candidates,
            gamma=gamma,
            verbose=False,
        )
        self._n_startup = n_startup_jobs
        self._n_candidates = n_EI_candidates
        self._shape = prior_weight, gamma
        self._program: tuple[dict[str, Any], dict[str, Any], Any] | None = None
        self._n_proposed = 0
        self._is_trusted = True

    def __call__(
        self, new_ids: Sequence[int], domain: Domain, trials: Trials, seed: Any
    ) -> list[dict[str, Any]]:
        """Return the document of a new trial, as `tpe.suggest` does."""
        known = _known(trials)
        if not self._is_trusted or len(known) < max(self._n_startup, 1):
            return self._theirs(new_ids, domain, trials, seed)
        self._n_proposed += 1
        if self._n_proposed & (self._n_proposed - 1):
            return [self._propose(new_ids[0], domain, trials, seed, known)]
        theirs = self._theirs(new_ids, domain, trials, seed)
        try:
            ours = self._propose(new_ids[0], domain, trials, seed, known)
            self._is_trusted = [ours["misc"]] == [doc["misc"] for doc in theirs]
        except Exception:  # noqa: BLE001 - whatever it is that Hyperopt has changed
            self._is_trusted = False
        return theirs

    def _propose(
        self,
        tid: int,
        domain: Domain,
        trials: Trials,
        seed: Any,
        known: list[tuple[int, float, dict[str, Any]]],
    ) -> dict[str, Any]:
        if self._program is None:
            build = _upstream.BUILD_POSTERIOR.get()
            self._program = build(domain, *self._shape)
        observed, observed_loss, posterior = self._program
        tids, losses, miscs = zip(*known, strict=True)
        # The candidates need ids that no trial has.
        first = max(tids[-1], tid) + 2
        fake_ids = list(range(first, first + self._n_candidates))
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
        (doc,) = trials.new_trial_docs([tid], [None], [domain.new_result()], [misc])
        return doc  # type: ignore[no-any-return]


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
