"""The statements of the merge, one file each; `python -m tests.golden.renew` writes them anew."""
