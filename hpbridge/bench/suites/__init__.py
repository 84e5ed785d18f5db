"""Suites of benchmark problems: the core's own, and those that others published.

Each suite has a function, which `hpbridge.contract.offered_suites` names, that returns
its problems; a package behind it is imported there, and where a problem is evaluated.
"""
