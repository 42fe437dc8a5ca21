"""Changes, planned from a reading. None is shipped yet, and `decide` refuses every change."""
