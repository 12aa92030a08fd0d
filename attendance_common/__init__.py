"""What the fetcher and the loader share."""
