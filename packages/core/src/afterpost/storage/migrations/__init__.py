"""Core's Alembic scripts."""
