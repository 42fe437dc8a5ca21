"""Can anybody get out of the contract? Attempts to reach hosts that no clause names, and what counts them."""
