"""The process that owns one embedded PostgreSQL: starts it, restarts it, and stops it when the last lease has ended.

On the standard library alone, and started without site-packages: it is up in a few hundredths of a second, and needs nothing
that its account may be unable to read.
"""
