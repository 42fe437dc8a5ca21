"""Where tickets come from and reports go: see README.md beside this file."""
