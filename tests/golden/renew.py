"""Write the golden files anew: `python -m tests.golden.renew`, then read what changed with `git diff`."""

from __future__ import annotations

from tests.golden.statements import FOLDER, golden, written


def main() -> None:
    """Write a file for each statement and remove those that no statement has any more."""
    renewed = {f"{name}.sql": written(statement) for name, statement in golden().items()}
    for old in FOLDER.glob("*.sql"):
        if old.name not in renewed:
            old.unlink()
    for name, text in renewed.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
