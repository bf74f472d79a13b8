"""Facts and formulas: pure functions over frozen structs. No clock, no I/O, no framework."""
