"""Where do a contract's hosts come from? Other people's inventories are read here, and only proposed."""
