"""Switches and routers: what SNMP and command lines say of ports, links, trees and queues."""
