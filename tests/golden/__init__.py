"""Every statement of the loader, one file each; `python -m tests.golden.renew` writes them anew."""
