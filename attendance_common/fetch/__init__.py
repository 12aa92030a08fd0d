"""What the fetcher alone uses: the API, what its answers mean, and the lists that it lands."""
