"""How long what was superseded is kept for those who read. Each of these follows from another: to change one alone would lose rows."""

from datetime import timedelta

WALK_LIVES = timedelta(hours=1)
"""After its last page, or the last use of the moment that it keeps. The statements of pages, in migrations, give half a minute more."""

WALK_IS_SPARED = WALK_LIVES + timedelta(minutes=10)
"""What it needs is forgotten later than it can be asked for."""

WALK_BEGINS_WITHIN = timedelta(minutes=10)
"""From its first page's reading until the walk is written down: much longer than a statement may take. Until then nobody knows of it."""

SURELY_KEPT = WALK_BEGINS_WITHIN - timedelta(minutes=1)
"""What was superseded so lately is still there."""
