"""Pruners: whether a running trial goes on, decided from the record alone.

A pruner is told what every trial reports and what it comes to, and answers each report.
It knows neither the optimizer nor the place where trials run. What it keeps of the
record is an index, so that an answer costs about the same whatever the number of
trials.
"""
