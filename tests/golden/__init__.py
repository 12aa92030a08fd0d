"""Statements that write or compare the table, a file each; written anew by `python -m tests.golden.renew`."""
