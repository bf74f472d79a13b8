"""Rows in, structs out: SQLAlchemy Core tables and set-based statements.

Every function takes a Scope (or the transaction that carries one); every write happens inside
`transaction.transaction(scope, actor)`.
"""
