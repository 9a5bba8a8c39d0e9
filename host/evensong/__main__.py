"""`python -m evensong`: the same as `evensong`."""

from evensong.cli import main

main()
