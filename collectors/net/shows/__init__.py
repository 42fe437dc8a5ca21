"""What command lines of switches show of their trees, a dialect a module: text in, a part of the model out, no session."""
