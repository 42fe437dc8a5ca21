"""Tunnels between places and the way in from home: IPsec, OpenVPN, WireGuard."""
