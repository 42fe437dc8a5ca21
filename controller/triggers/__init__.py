"""How does a ticket become a run by itself? See README.md beside this file."""
