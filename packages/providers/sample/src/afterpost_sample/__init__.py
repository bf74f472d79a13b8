"""Afterpost's sample provider."""
