"""Statistics of comparisons: functions of arrays that know nothing of studies.

In all of them values are to be minimized: smaller is better. Axes are problems,
optimizers (k of them), seeds and trials, in this order. A value that is not a number,
or infinite, is a failed cell: nothing came of that run. A failure is an outcome:
whatever goes by ranks puts it last, and two failures share their ranks; whatever goes
by size says in its own words what it does with it.

    ranks           of optimizers, over problems and over trials
    omnibus         whether any differ: Friedman, Iman and Davenport; Nemenyi
    pairwise        which differ: Wilcoxon's signed ranks, Holm
    effects         by how much: rank-biserial, Cliff's delta, A12, Cohen's d, gamma
    beats           how probably a run of one is better than a run of the other
    intervals       of means and medians, over problems and seeds
    scores          normalised regret, bayesmark's score, random search's expected best
    runtime         runs that reach a target: ERT, ECDF
    hypervolume     of several objectives, of a front and over the trials of runs
    power           how many problems or seeds a verdict takes
"""
