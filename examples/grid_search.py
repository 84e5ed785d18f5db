"""A GridSearchCV that exists, with any optimizer instead: one line changes.

python examples/grid_search.py                  # the search, and its report
hpbridge run examples/grid_search.py --backend skopt --trials 20

The second command runs the same search as an `Evaluation`, which has what a search
does not: a sealed test, and the defaults and a dummy to compare with.
"""

from __future__ import annotations

from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import hpbridge as hpb
from hpbridge.sklearn import BridgeSearchCV

X, y = load_iris(return_X_y=True)
model = make_pipeline(StandardScaler(), SVC())
grid = {"svc__C": [0.1, 1, 10, 100], "svc__gamma": [0.001, 0.01, 0.1, 1]}

evaluation = hpb.Evaluation(model, X, y, space=grid, name="grid-search")

if __name__ == "__main__":
    # It was: search = GridSearchCV(model, grid, cv=5)
    search = BridgeSearchCV(
        model, grid, backend="optuna", n_iter=8, cv=5, random_state=0
    )
    search.fit(X, y)
    print(search.best_params_, round(search.best_score_, 3))
    print(hpb.report(search.study_))
