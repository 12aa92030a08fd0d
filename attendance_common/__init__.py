"""Modules that the fetcher and the loader share, and a package for each of the two."""

from attendance_common import installation

__version__ = "1.0.0"

installation.check()
