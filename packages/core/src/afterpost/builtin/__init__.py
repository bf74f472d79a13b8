"""Core's own plugins, through its own hooks: what is useful without any other package."""
