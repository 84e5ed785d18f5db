"""The exit codes of every command.

0 all went well. 1 it ran, and found something wrong: no trial of a study is complete,
the objective ended it, a study of a comparison failed, `doctor` found something broken,
`check-backend` a broken rule. 2 it could not run: wrong usage or input, in one
sentence. 130 interrupted.
"""

from __future__ import annotations

OK, FOUND, ERROR, INTERRUPTED = 0, 1, 2, 130
