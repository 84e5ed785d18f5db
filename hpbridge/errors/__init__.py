"""Every error that hpbridge raises, each with its text.

The tree::

    HpbridgeError
    ├── SpaceError (ValueError)               a search space that cannot be
    ├── ExperimentError (ValueError)          an experiment that cannot be
    │   └── ExperimentNotFoundError           no such file, module or name
    ├── OptionError (ValueError)              an option that the algorithm does not have
    ├── ArgumentError (TypeError)             an argument that is wrong or not known
    ├── CallbackError (ValueError)            a callback that has nothing to report
    │   └── CommandError                      a command that is no objective
    ├── BackendError
    │   ├── BackendNotFoundError (KeyError)   no plugin of that name
    │   ├── AlgorithmNotFoundError (KeyError) the backend has no such algorithm
    │   ├── OptimizerNameError (ValueError)   a name that no optimizer can have
    │   ├── RecordNotFoundError (KeyError)    no plugin has such a record
    │   │   ├── DriverNotFoundError
    │   │   ├── FormatNotFoundError
    │   │   ├── HostNotFoundError
    │   │   ├── PrunerNotFoundError
    │   │   └── SuiteNotFoundError
    │   ├── BackendLoadError (ImportError)    the plugin fails to load
    │   ├── LibraryNotInstalledError (ImportError)  its library is not there
    │   ├── PrunerError (RuntimeError)        a pruner raised
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
    ├── StudyOverError (RuntimeError)         a study that gives no further trial
    ├── TellError (ValueError)                what a trial cannot be told
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
    CallbackError,
    CommandError,
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
    OptimizerNameError,
    PrunerError,
    PrunerNotFoundError,
    RecordNotFoundError,
    SuiteNotFoundError,
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
    StudyOverError,
    TellError,
    TrialNotFoundError,
)

__all__ = [
    "AlgorithmNotFoundError",
    "ArgumentError",
    "BackendError",
    "BackendLoadError",
    "BackendNotFoundError",
    "CallbackError",
    "CommandError",
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
    "OptimizerNameError",
    "OptionError",
    "PrunerError",
    "PrunerNotFoundError",
    "RecordNotFoundError",
    "SpaceError",
    "StoreAwayError",
    "StoreDamagedError",
    "StoreError",
    "StoreLockedError",
    "StoreSchemaError",
    "StudyNotFoundError",
    "StudyOverError",
    "SuiteNotFoundError",
    "TellError",
    "TrialNotFoundError",
    "UnsupportedFeatureError",
    "compose",
    "count",
    "masked",
    "nearest",
]
