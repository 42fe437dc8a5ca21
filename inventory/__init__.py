"""What the customer bought: who may touch what, where, when and with whose approval."""
