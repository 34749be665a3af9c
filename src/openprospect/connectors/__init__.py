"""A feed inside the tools that people already have: one module or package a tool, and `files/`, which others load.

Each needs its own extra, and is imported by name; nothing is imported here.
"""
