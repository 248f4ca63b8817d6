"""`python -m backend …`: the same commands as `flowcover`."""

from .cli import main

if __name__ == "__main__":
    main()
