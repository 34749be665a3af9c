"""Every warehouse that dlt loads. It knows no transaction over several tables, so the checkpoint follows the data.

A kill in between repeats a batch, which ends in the same rows; it never skips one.
"""
