"""The statements of merge and repair, one file each; `python -m tests.golden.renew` writes them anew."""
