"""Somebody else's collectors, hostile or naive: the area `hostile` of a test's catalogue, and of no other."""
