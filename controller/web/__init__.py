"""The pages and the programming interface: see README.md beside this file."""
