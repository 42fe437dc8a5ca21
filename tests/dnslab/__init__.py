"""Real DNS servers on loopback for tests: BIND and NSD on high ports, and one that misbehaves on purpose."""
