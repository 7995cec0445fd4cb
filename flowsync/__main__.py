"""`python -m flowsync`."""

from flowsync.cli import main

if __name__ == "__main__":
    main()
