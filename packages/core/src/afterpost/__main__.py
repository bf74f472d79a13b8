"""`python -m afterpost`: the same as the `afterpost` command."""

from afterpost.app import main

main()
