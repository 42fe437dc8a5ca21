"""Changes of switches and of queues."""
