"""Checks of the data: mistakes that no number of a search shows.

Each is a function of `hpbridge.evaluation.checks.data.Data`, made once when a study of
an evaluation begins. What they cost is bounded: models see `data.MOST_ROWS` rows and
`data.MOST_COLUMNS` columns, and a check that fails on strange data says so.
"""
