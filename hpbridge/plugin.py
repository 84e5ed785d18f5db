"""All that a plugin needs, in one place: import from here and from nowhere else.

What is here keeps its name, wherever it stands, and is imported at its first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpbridge.checkpoints.place import Place
    from hpbridge.contract.around import Around
    from hpbridge.contract.attempt import Checkpoint, Point, Reply, Run, failed
    from hpbridge.contract.backend import (
        Algorithm,
        BackendSpec,
        ExhaustedError,
        NotYetError,
        Optimizer,
        Outcome,
        PastTrial,
        Problem,
        Suggestion,
    )
    from hpbridge.contract.bounds import is_over, limit_bytes, limit_values
    from hpbridge.contract.capabilities import (
        AS_LAST_REPORT,
        AS_WORST,
        FROM_NO_TRIAL,
        KNOWN_SO_FAR,
        LEARNS_REPORTS,
        LEFT_OUT,
        NOT_LEARNT,
        SPACE_FEATURES,
        YES,
        Capabilities,
        Capability,
        Feature,
        Support,
        emulated,
        no,
        with_more,
    )
    from hpbridge.contract.defining import DefiningOptimizer
    from hpbridge.contract.execution import (
        DriverSpec,
        Ended,
        Executor,
        Job,
        LoopSpec,
        Lost,
        Message,
        Paused,
        Policy,
        Refused,
        Reported,
        Resources,
        Returned,
        driver_options,
    )
    from hpbridge.contract.foreign import (
        ForeignStudy,
        ForeignTrial,
        Hints,
        Part,
        StudyFormat,
    )
    from hpbridge.contract.hookspecs import hookimpl
    from hpbridge.contract.hosting import HostSpec
    from hpbridge.contract.lazy import lazy, lazy_names
    from hpbridge.contract.library import (
        GlobalRandom,
        class_names,
        is_instance_of,
        quiet,
    )
    from hpbridge.contract.members import Member, MembersOptions
    from hpbridge.contract.native import NativeSpace
    from hpbridge.contract.numbers import dump_number
    from hpbridge.contract.options import changed_options, read_options
    from hpbridge.contract.pruning import (
        Curve,
        Pruner,
        PrunerSpec,
        Pruning,
        Watched,
        is_due,
    )
    from hpbridge.contract.registry import registry
    from hpbridge.contract.resolving import Occasion, Resolved, Standing
    from hpbridge.contract.resources import read_resources, resources_text, size_of
    from hpbridge.contract.script import Entry, Reading, Script, ScriptReader, Site
    from hpbridge.contract.source import Source, UnsaidError
    from hpbridge.contract.stage import Stage, plain_budget
    from hpbridge.contract.suites import BenchProblem, SuiteSpec
    from hpbridge.contract.trust import Trust
    from hpbridge.contract.upstream import Private, Upstream
    from hpbridge.drivers.generators import value_of_generator
    from hpbridge.drivers.interrupts import INTERRUPTED, Interrupts
    from hpbridge.drivers.knock import knock
    from hpbridge.drivers.logs import RunningLogs
    from hpbridge.drivers.objective import Attempt, evaluate
    from hpbridge.drivers.outlets import led_to
    from hpbridge.drivers.packing import pack_experiment
    from hpbridge.drivers.saved import Saved
    from hpbridge.drivers.worker import unpack_experiment
    from hpbridge.encoding.call import Call, Name, source_of
    from hpbridge.encoding.codecs import Chained, Codec, Native
    from hpbridge.encoding.encode import encode
    from hpbridge.encoding.encoded import CODECS, WHOLE_SPACE_ENCODINGS, Encoded
    from hpbridge.encoding.held import Held
    from hpbridge.encoding.one_point import OnePoint
    from hpbridge.encoding.sizes import Sizes
    from hpbridge.errors import (
        BackendError,
        DriverError,
        ExecutorError,
        ExperimentError,
        ForeignHistoryError,
        FormatError,
        HistoryWarning,
        HpbridgeError,
        OptimizerError,
        OptionError,
        SpaceError,
        StoreError,
        UnsupportedFeatureError,
        arguments,
        count,
        masked,
        nearest,
    )
    from hpbridge.errors.foreign import describe_error
    from hpbridge.experiment import Constraint, Experiment
    from hpbridge.formats import inert
    from hpbridge.formats.any_table import read_table
    from hpbridge.formats.inert.data import DAMAGE, Array, Stub
    from hpbridge.formats.json_text import read_json_text
    from hpbridge.formats.payload import PAYLOAD_KEY, pack_study, unpack_study
    from hpbridge.formats.recognizing import names_of
    from hpbridge.formats.tables import Table, study_of_table
    from hpbridge.formats.whole_file import whole_file
    from hpbridge.hosts.conversation import Conversation, NoProposal
    from hpbridge.hosts.outcomes import outcome_of
    from hpbridge.hosts.recipe import GuestRecipe
    from hpbridge.learning.ask import Ask
    from hpbridge.learning.choice import Choice
    from hpbridge.learning.members import create_member
    from hpbridge.learning.populations.making import (
        reasons_against_population,
        remarks_on_population,
    )
    from hpbridge.learning.ranges import Ranges
    from hpbridge.learning.session import Session
    from hpbridge.remote.agent import serve_agent
    from hpbridge.remote.hands import open_hands
    from hpbridge.remote.invitation import Crew, Invitation
    from hpbridge.space.bare import is_pair
    from hpbridge.space.categorical import Categorical, is_equal, label_of
    from hpbridge.space.kinds import Constant, Parameter, Searched, with_also, with_when
    from hpbridge.space.parameters import Float, Int, Label, is_number, plain_number
    from hpbridge.space.plain import labelled, text_of
    from hpbridge.space.plain_data import plain_data
    from hpbridge.space.priors import LogNormal, Normal
    from hpbridge.space.quantized import Quantized
    from hpbridge.space.space import Params, Space
    from hpbridge.store.logs import TrialLog
    from hpbridge.store.settings import Settings
    from hpbridge.study import Study
    from hpbridge.trial import (
        FinishedTrial,
        NamedValue,
        Result,
        State,
        Trial,
        TrialPruned,
        by_step,
        trial_seed,
    )

_HOMES = {
    module: tuple(names.split())
    for module, names in {
        "checkpoints.place": "Place",
        "contract.bounds": "is_over limit_bytes limit_values",
        "contract.around": "Around",
        "contract.attempt": "Checkpoint Point Reply Run failed",
        "contract.backend": (
            "Algorithm BackendSpec ExhaustedError NotYetError Optimizer Outcome "
            "PastTrial Problem Suggestion"
        ),
        "contract.capabilities": (
            "AS_LAST_REPORT AS_WORST FROM_NO_TRIAL KNOWN_SO_FAR LEARNS_REPORTS "
            "LEFT_OUT NOT_LEARNT SPACE_FEATURES YES Capabilities Capability "
            "Feature Support emulated no with_more"
        ),
        "contract.defining": "DefiningOptimizer",
        "contract.execution": (
            "DriverSpec Ended Executor Job LoopSpec Lost Message Paused Policy "
            "Refused Reported Resources Returned driver_options"
        ),
        "contract.foreign": "ForeignStudy ForeignTrial Hints Part StudyFormat",
        "contract.hookspecs": "hookimpl",
        "contract.hosting": "HostSpec",
        "contract.lazy": "lazy lazy_names",
        "contract.library": "GlobalRandom class_names is_instance_of quiet",
        "contract.members": "Member MembersOptions",
        "contract.native": "NativeSpace",
        "contract.numbers": "dump_number",
        "contract.options": "changed_options read_options",
        "contract.pruning": "Curve Pruner PrunerSpec Pruning Watched is_due",
        "contract.registry": "registry",
        "contract.resolving": "Occasion Resolved Standing",
        "contract.resources": "read_resources resources_text size_of",
        "contract.script": "Entry Reading Script ScriptReader Site",
        "contract.source": "Source UnsaidError",
        "contract.stage": "Stage plain_budget",
        "contract.suites": "BenchProblem SuiteSpec",
        "contract.trust": "Trust",
        "contract.upstream": "Private Upstream",
        "drivers.interrupts": "INTERRUPTED Interrupts",
        "drivers.knock": "knock",
        "drivers.logs": "RunningLogs",
        "drivers.generators": "value_of_generator",
        "drivers.objective": "Attempt evaluate",
        "drivers.outlets": "led_to",
        "drivers.saved": "Saved",
        "drivers.worker": "unpack_experiment",
        "drivers.packing": "pack_experiment",
        "encoding.call": "Call Name source_of",
        "encoding.codecs": "Chained Codec Native",
        "encoding.encode": "encode",
        "encoding.encoded": "CODECS WHOLE_SPACE_ENCODINGS Encoded",
        "encoding.held": "Held",
        "encoding.one_point": "OnePoint",
        "encoding.sizes": "Sizes",
        "errors": (
            "BackendError DriverError ExecutorError ExperimentError "
            "ForeignHistoryError FormatError HistoryWarning HpbridgeError "
            "OptimizerError OptionError SpaceError StoreError "
            "UnsupportedFeatureError arguments count masked nearest"
        ),
        "errors.foreign": "describe_error",
        "experiment": "Constraint Experiment",
        "formats": "inert",
        "formats.inert.data": "DAMAGE Array Stub",
        "formats.json_text": "read_json_text",
        "formats.any_table": "read_table",
        "formats.payload": "PAYLOAD_KEY pack_study unpack_study",
        "formats.recognizing": "names_of",
        "formats.tables": "Table study_of_table",
        "formats.whole_file": "whole_file",
        "hosts.conversation": "Conversation NoProposal",
        "hosts.outcomes": "outcome_of",
        "hosts.recipe": "GuestRecipe",
        "learning.choice": "Choice",
        "learning.members": "create_member",
        "learning.populations.making": (
            "reasons_against_population remarks_on_population"
        ),
        "learning.ranges": "Ranges",
        "learning.ask": "Ask",
        "learning.session": "Session",
        "remote.agent": "serve_agent",
        "remote.hands": "open_hands",
        "remote.invitation": "Crew Invitation",
        "space.bare": "is_pair",
        "space.categorical": "Categorical is_equal label_of",
        "space.kinds": "Constant Parameter Searched with_also with_when",
        "space.parameters": "Float Int Label is_number plain_number",
        "space.plain": "labelled text_of",
        "space.plain_data": "plain_data",
        "space.priors": "LogNormal Normal",
        "space.quantized": "Quantized",
        "space.space": "Params Space",
        "store.logs": "TrialLog",
        "store.settings": "Settings",
        "study": "Study",
        "trial": (
            "FinishedTrial NamedValue Result State Trial TrialPruned by_step trial_seed"
        ),
    }.items()
}
"""The names that each module of the core gives to plugins."""

_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

# fmt: off
__all__ = [
    "AS_LAST_REPORT", "AS_WORST", "CODECS", "DAMAGE", "FROM_NO_TRIAL", "INTERRUPTED",
    "KNOWN_SO_FAR", "LEARNS_REPORTS", "LEFT_OUT", "NOT_LEARNT", "PAYLOAD_KEY",
    "SPACE_FEATURES", "WHOLE_SPACE_ENCODINGS", "YES", "Algorithm", "Around", "Array",
    "Ask", "Attempt", "BackendError", "BackendSpec", "BenchProblem", "Call",
    "Capabilities", "Capability", "Categorical", "Chained", "Checkpoint", "Choice",
    "Codec", "Constant", "Constraint", "Conversation", "Crew", "Curve",
    "DefiningOptimizer", "DriverError", "DriverSpec", "Encoded", "Ended", "Entry",
    "Executor", "ExecutorError", "ExhaustedError", "Experiment", "ExperimentError",
    "Feature", "FinishedTrial", "Float", "ForeignHistoryError", "ForeignStudy",
    "ForeignTrial", "FormatError", "GlobalRandom", "GuestRecipe", "Held", "Hints",
    "HistoryWarning", "HostSpec", "HpbridgeError", "Int", "Interrupts", "Invitation",
    "Job", "Label", "LogNormal", "LoopSpec", "Lost", "Member", "MembersOptions",
    "Message", "Name", "NamedValue", "Native", "NativeSpace", "NoProposal", "Normal",
    "NotYetError", "Occasion", "OnePoint", "Optimizer", "OptimizerError", "OptionError",
    "Outcome", "Parameter", "Params", "Part", "PastTrial", "Paused", "Place", "Point",
    "Policy", "Private", "Problem", "Pruner", "PrunerSpec", "Pruning", "Quantized",
    "Ranges", "Reading", "Refused", "Reply", "Reported", "Resolved", "Resources",
    "Result", "Returned", "Run", "RunningLogs", "Saved", "Script", "ScriptReader",
    "Searched", "Session", "Settings", "Site", "Sizes", "Source", "Space", "SpaceError",
    "Stage", "Standing", "State", "StoreError", "Stub", "Study", "StudyFormat",
    "Suggestion", "SuiteSpec", "Support", "Table", "Trial", "TrialLog", "TrialPruned",
    "Trust", "UnsaidError", "UnsupportedFeatureError", "Upstream", "Watched",
    "arguments", "by_step", "changed_options", "class_names", "count", "create_member",
    "describe_error", "driver_options", "dump_number", "emulated", "encode", "evaluate",
    "failed", "hookimpl", "inert", "is_due", "is_equal", "is_instance_of", "is_number",
    "is_over", "is_pair", "knock", "label_of", "labelled", "lazy", "lazy_names",
    "led_to", "limit_bytes", "limit_values", "masked", "names_of", "nearest", "no",
    "open_hands", "outcome_of", "pack_experiment", "pack_study", "plain_budget",
    "plain_data", "plain_number", "quiet", "read_json_text", "read_options",
    "read_resources", "read_table", "reasons_against_population", "registry",
    "remarks_on_population", "resources_text", "serve_agent", "size_of", "source_of",
    "study_of_table", "text_of", "trial_seed", "unpack_experiment", "unpack_study",
    "value_of_generator", "whole_file", "with_also", "with_more", "with_when",
]
# fmt: on


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        msg = f"module 'hpbridge.plugin' has no attribute {name!r}"
        raise AttributeError(msg)
    home = importlib.import_module(f"hpbridge.{_MODULE_OF[name]}")
    value = getattr(home, name, None)
    if value is None:  # a module of its own
        value = importlib.import_module(f"{home.__name__}.{name}")
    return globals().setdefault(name, value)


def __dir__() -> list[str]:
    return sorted(__all__)
