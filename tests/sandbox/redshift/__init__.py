"""Amazon Redshift with Spectrum, on one machine, as strict as the real one.

A front that speaks the PostgreSQL protocol and Redshift's dialect stands before a real PostgreSQL. What
Redshift is not documented to have is refused with Redshift's SQLSTATE; PostgreSQL never answers for it.
"""

from .differences import Difference
from .errors import RedshiftError
from .server import DEFAULT_ROLE, RedshiftStandIn

__all__ = ["DEFAULT_ROLE", "Difference", "RedshiftError", "RedshiftStandIn"]
