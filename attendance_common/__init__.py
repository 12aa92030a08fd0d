"""What the fetcher and the loader share."""

__version__ = "1.0.0.dev0"
