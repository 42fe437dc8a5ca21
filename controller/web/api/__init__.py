"""The programming interface under `/api/v1`: see README.md beside this file."""
