"""Every error that hpbridge raises, each with its text.

The tree::

    HpbridgeError
    ├── SpaceError (ValueError)               a search space that cannot be
    ├── ExperimentError (ValueError)          an experiment that cannot be
    │   └── ExperimentNotFoundError           no such file, module or name
    ├── OptionError (ValueError)              an option that the algorithm does not have
    ├── ArgumentError (TypeError)             an argument that is wrong or not known
    ├── BackendError
    │   ├── BackendNotFoundError (KeyError)   no plugin of that name
    │   ├── AlgorithmNotFoundError (KeyError) the backend has no such algorithm
    │   ├── RecordNotFoundError (KeyError)    no plugin has such a record
    │   │   ├── DriverNotFoundError
    │   │   ├── FormatNotFoundError
    │   │   └── HostNotFoundError
    │   ├── BackendLoadError (ImportError)    the plugin fails to load
    │   ├── LibraryNotInstalledError (ImportError)  its library is not there
    │   ├── OptimizerError (RuntimeError)     the library failed in ask or tell
    │   └── ContractError                     the plugin broke a rule of the contract
    ├── UnsupportedFeatureError (NotImplementedError)  the backend cannot do it
    ├── ForeignHistoryError (NotImplementedError)  it cannot learn from this trial
    ├── StoreError (OSError)                  the store cannot be read or written
    │   ├── StoreAwayError                    it cannot be reached or written now
    │   ├── StoreDamagedError                 it, or a study in it, is not whole
    │   ├── StoreLockedError                  another process writes this study
    │   ├── StoreSchemaError                  the store was made by another version
    │   ├── StudyNotFoundError (KeyError)     the store holds no such study
    │   ├── TrialNotFoundError (KeyError)     the study holds no such trial
    │   ├── LogNotFoundError (KeyError)       what the trial printed is not kept
    │   └── ComparisonNotFoundError (KeyError)  the store holds no such comparison
    ├── HistoryError (ValueError)             a study that another cannot go on from
    ├── FormatError (ValueError)              a study that cannot be read or written
    ├── DriverError (RuntimeError)            a place for trials that is not there
    ├── ExecutorError (RuntimeError)          a place that takes no more trials
    └── ObjectiveError (RuntimeError)         it failed so that the study ended

Each message is: who and what is wrong with the offending value; one line a
problem, all of them; one ``Hint:``.
"""

from __future__ import annotations

from hpbridge.errors.experiments import (
    ArgumentError,
    DriverError,
    ExecutorError,
    ExperimentError,
    ExperimentNotFoundError,
    ObjectiveError,
    OptionError,
    SpaceError,
)
from hpbridge.errors.house import (
    HpbridgeError,
    compose,
    count,
    masked,
    nearest,
)
from hpbridge.errors.plugins import (
    AlgorithmNotFoundError,
    BackendError,
    BackendLoadError,
    BackendNotFoundError,
    ContractError,
    DriverNotFoundError,
    ForeignHistoryError,
    FormatNotFoundError,
    HostNotFoundError,
    LibraryNotInstalledError,
    OptimizerError,
    RecordNotFoundError,
    UnsupportedFeatureError,
)
from hpbridge.errors.studies import (
    ComparisonNotFoundError,
    FormatError,
    HistoryError,
    HistoryWarning,
    LogNotFoundError,
    StoreAwayError,
    StoreDamagedError,
    StoreError,
    StoreLockedError,
    StoreSchemaError,
    StudyNotFoundError,
    TrialNotFoundError,
)

__all__ = [
    "AlgorithmNotFoundError",
    "ArgumentError",
    "BackendError",
    "BackendLoadError",
    "BackendNotFoundError",
    "ComparisonNotFoundError",
    "ContractError",
    "DriverError",
    "DriverNotFoundError",
    "ExecutorError",
    "ExperimentError",
    "ExperimentNotFoundError",
    "ForeignHistoryError",
    "FormatError",
    "FormatNotFoundError",
    "HistoryError",
    "HistoryWarning",
    "HostNotFoundError",
    "HpbridgeError",
    "LibraryNotInstalledError",
    "LogNotFoundError",
    "ObjectiveError",
    "OptimizerError",
    "OptionError",
    "RecordNotFoundError",
    "SpaceError",
    "StoreAwayError",
    "StoreDamagedError",
    "StoreError",
    "StoreLockedError",
    "StoreSchemaError",
    "StudyNotFoundError",
    "TrialNotFoundError",
    "UnsupportedFeatureError",
    "compose",
    "count",
    "masked",
    "nearest",
]
