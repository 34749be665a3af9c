"""The consumer's half: read feeds over HTTP and keep a copy of them in a database or a folder.

It shares no code with the service; all it knows of it is the documented API.
"""
