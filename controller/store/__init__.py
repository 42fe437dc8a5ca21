"""What Secondline knows: see README.md beside this file."""
