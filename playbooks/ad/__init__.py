"""Changes of domain controllers and of what the directory holds."""
