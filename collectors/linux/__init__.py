"""See the README of collectors."""
