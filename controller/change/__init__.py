"""See the README of controller."""
