"""squawk reads every migration, and would find an unsafe one."""

import subprocess
import sys
from pathlib import Path

from openprospect.server.db.migrate import migrations

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src/openprospect/server/db/migrations"


def squawk(*files):
    program = Path(sys.executable).with_name("squawk")
    return subprocess.run([program, *files], cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_migration_is_safe_beside_the_running_version():
    files = sorted(FOLDER.glob("*.sql"))
    assert len(files) == len(migrations())
    done = squawk(*files)
    assert done.returncode == 0, done.stdout


def test_an_unsafe_migration_would_be_found(tmp_path):
    unsafe = tmp_path / "9999_unsafe.sql"
    unsafe.write_text("ALTER TABLE company DROP COLUMN source_id;\nCREATE INDEX slow ON delivery (document);\n")
    done = squawk(unsafe)
    assert done.returncode == 1
    assert "ban-drop-column" in done.stdout
    assert "require-concurrent-index-creation" in done.stdout
