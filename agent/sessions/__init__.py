"""The only I/O to hosts: one wrapper a protocol, with every unsafe default closed."""
