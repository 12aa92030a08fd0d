"""Amazon Redshift with Spectrum, on one machine, as strict as the real one.

Clients connect to a front, which speaks the PostgreSQL protocol and Redshift's dialect. The front translates
each statement for a real PostgreSQL. It refuses what Redshift is not documented to have with Redshift's
SQLSTATE. It refuses what Redshift has and this project does not send as "not carried by this stand-in".
"""

from .differences import Difference
from .errors import RedshiftError
from .server import DEFAULT_ROLE, RedshiftStandIn

__all__ = ["DEFAULT_ROLE", "Difference", "RedshiftError", "RedshiftStandIn"]
