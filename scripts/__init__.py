"""The command line, and what it is made of; `longtake.py` is where it begins."""
