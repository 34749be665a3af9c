"""Texts from outside that are no requests: keys, headers, the erasure log, the settings file. Each is read, or refused as what it is."""

import contextlib
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.cli.main import app
from openprospect.cli.settings_file import SETTINGS_FILE
from openprospect.server.access.credential import secret_hash_of, secret_of
from openprospect.server.access.secret import new_secret
from openprospect.server.core.errors import Misconfigured, Unauthenticated
from openprospect.server.http.compression import _preferred
from openprospect.server.privacy.log import ErasureLog
from tests.security.effort import EFFORT

KEY = new_secret(is_live=True)


@EFFORT
@given(st.text() | st.text().map(lambda text: f"Bearer {text}") | st.integers(0, 40).map(lambda at: f"Bearer {KEY[:at]}x{KEY[at + 1 :]}"))
def test_any_authorization_is_a_key_or_refused(text: str):
    with contextlib.suppress(Unauthenticated):
        assert len(secret_hash_of(secret_of(text))) == 32


@EFFORT
@given(st.binary() | st.lists(st.sampled_from([b"gzip", b"zstd", b"*", b"q=", b"0.5", b"1", b";", b",", b" "])).map(b"".join))
def test_any_accept_encoding_chooses_one_that_there_is_or_none(header: bytes):
    assert _preferred(header) in {b"gzip", b"zstd", None}


LINE = b'{"id":"00000000-0000-4000-8000-000000000001","organization_id":"00000000-0000-4000-8000-000000000002","at":"2026-02-25T12:00:00Z",'
LINE += b'"actor":"x","subject_hash":"eA==","prospect_ids":[],"marks":[["email","eA=="]]}\n'


@EFFORT
@given(at=st.integers(0, len(LINE)), piece=st.binary(max_size=4), is_cut=st.booleans())
def test_any_damage_to_the_erasure_log_is_named_or_does_no_harm(tmp_path: Path, at: int, piece: bytes, is_cut: bool):
    log = ErasureLog(tmp_path / "erasures.jsonl")
    log.path.write_bytes(LINE + LINE[:at] + piece + (b"" if is_cut else LINE[at + len(piece) :]))
    try:
        found = list(log.entries())
    except Misconfigured:
        return
    assert msgspec.json.encode(found[0]) + b"\n" == LINE


SETTINGS = st.sampled_from(['port = "x"', "port = [1]", "[serve]\nport = {}", "data_dir = 1", "workers = 1e999", "= 1", '"'])


@EFFORT
@given(st.text(max_size=40) | SETTINGS)
def test_any_settings_file_is_read_or_named(tmp_path_factory: pytest.TempPathFactory, text: str):
    folder = tmp_path_factory.getbasetemp()
    (folder / SETTINGS_FILE).write_bytes(text.encode(errors="replace"))
    before = Path.cwd()
    os.chdir(folder)
    try:
        with pytest.raises(SystemExit) as ended:
            app(["serve", "--host"])  # with a mistake of its own, so that nothing is ever served
    finally:
        os.chdir(before)
    assert ended.value.code != 0
