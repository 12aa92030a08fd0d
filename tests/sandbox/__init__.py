"""Stand-ins for the outside world, so that the whole pipeline runs on a laptop."""

from .sandbox import Options, Sandbox

__all__ = ["Options", "Sandbox"]
