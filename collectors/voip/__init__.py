"""Questions about telephony over IP: SIP (RFC 3261) and RTP (RFC 3550)."""
