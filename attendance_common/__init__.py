"""What the fetcher and the loader share."""

from attendance_common import installation

__version__ = "1.0.0"

installation.check()
