"""Where feeds can go: one file each, behind the protocol in `base.py`, chosen by the scheme of a URL."""
