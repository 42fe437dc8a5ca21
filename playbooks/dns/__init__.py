"""Changes of name servers and of what they say."""
