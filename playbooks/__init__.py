"""Changes, planned from a reading: of Linux hosts, name servers, domain controllers, switches and queues."""
