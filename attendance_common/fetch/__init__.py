"""Modules that only the fetcher uses: requests to the API, reading of schools, writing of lists."""
