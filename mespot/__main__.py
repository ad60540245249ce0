"""``python -m mespot`` does what ``mespot`` does."""

from mespot.cli import main

if __name__ == "__main__":
    main()
