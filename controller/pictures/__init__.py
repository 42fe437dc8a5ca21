"""What does the network look like? Drawings for the report, each with the same facts as a table."""
