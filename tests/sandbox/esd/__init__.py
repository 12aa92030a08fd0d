"""A stand-in for the ESD API: its behaviour as observed, invented data, and faults on demand."""

from .changes import Corrections, correct_a_day
from .faults import Fault, FaultPlan
from .records import Record
from .server import EsdServer
from .source import Source

__all__ = ["Corrections", "EsdServer", "Fault", "FaultPlan", "Record", "Source", "correct_a_day"]
