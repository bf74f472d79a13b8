"""The jobs: collect, import, summarise, sync. No HTTP types, no SQL text."""
