"""Signing secrets in the database: sealed, so that a dump of it signs nothing; and keys that take over from each other."""

import asyncio
import base64
import stat
import subprocess

import pytest

from openprospect.server.app import create_app
from openprospect.server.core.errors import Misconfigured
from openprospect.server.core.vault import Vault
from openprospect.server.db.embedded import binary, key_of, made_key
from openprospect.server.settings import Settings
from openprospect.server.webhooks.sealing import reseal, seal_clear_secrets
from openprospect.sync.webhooks import verify_webhook
from tests.acceptance.commands import open_site
from tests.integration.conftest import SECRET_KEY, Service, running
from tests.webhooks.conftest import create, deliver, eventually, until

OTHER_KEY = "another key for tests and long enough too"


def in_every_spelling(secret):
    """How a dump could show a secret."""
    raw = base64.b64decode(secret.removeprefix("whsec_"))
    return [secret.removeprefix("whsec_"), raw.hex(), raw.decode("latin-1")]


async def dump_of(dsn):
    done = await asyncio.to_thread(subprocess.run, [binary("pg_dump"), "--inserts", dsn], capture_output=True, check=True, timeout=60)
    return done.stdout.decode("latin-1")


async def has_signed_with(client, receiver, made):
    """Whether the newest message to an endpoint, a test of it, is signed with the secret that it was made with."""
    outcome = (await client.post(f"/webhooks/{made['id']}/test")).json()
    if not outcome["accepted"]:
        return False
    return verify_webhook(receiver.requests[-1].body, receiver.requests[-1].headers, made["secret"]).type == "webhook.test"


async def test_a_dump_of_the_database_holds_no_secret(client, dsn, receiver):
    made = await create(client, receiver.url())
    rotated = (await client.post(f"/webhooks/{made['id']}/rotate")).json()
    dump = await dump_of(dsn)
    assert made["id"] in dump
    for secret in (made["secret"], rotated["secret"]):
        assert [spelling for spelling in in_every_spelling(secret) if spelling in dump] == []


async def test_a_secret_that_lay_there_in_clear_is_sealed_and_still_signs(client, database, dsn, receiver):
    made = await create(client, receiver.url())
    raw = base64.b64decode(made["secret"].removeprefix("whsec_"))
    await database.execute("UPDATE webhook_secret SET secret = $1, sealed = NULL, key_id = NULL", raw)
    assert raw.hex() in await dump_of(dsn)
    await seal_clear_secrets(database, Vault([SECRET_KEY]))
    assert raw.hex() not in await dump_of(dsn)
    assert await has_signed_with(client, receiver, made)


async def test_a_clear_secret_and_no_key_is_said_instead_of_passed_over(client, database, receiver):
    await create(client, receiver.url())
    await database.execute("UPDATE webhook_secret SET secret = 'hush', sealed = NULL, key_id = NULL")
    with pytest.raises(Misconfigured, match="OPENPROSPECT_SECRET_KEY"):
        await seal_clear_secrets(database, Vault([]))


async def test_a_new_key_takes_over_from_the_one_behind_it(client, database, dsn, receiver):
    made = await create(client, receiver.url())
    resealed = await reseal(database, Vault([OTHER_KEY, SECRET_KEY]))
    assert (resealed.resealed, resealed.unreadable) == (1, 0)
    assert not await has_signed_with(client, receiver, made), "the service that runs has the former key alone"
    settings = Settings(webhook_allow_private=True, secret_keys=(OTHER_KEY,))
    async with running(create_app(dsn, settings)) as transport:
        service = Service(transport, database)
        assert await has_signed_with(await service.client(), receiver, made)
        await service.close()


async def test_a_key_is_changed_under_a_service_that_runs_and_every_push_is_signed_at_every_step(run, service, dsn, search_id, receiver):
    client = await service.client()
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    both = f"{OTHER_KEY},{SECRET_KEY}"
    assert (await run("webhooks", "list", secret_key=both))[0] == 0, "a command reseals nothing by itself"
    assert await has_signed_with(client, receiver, made), "the service that runs has the former key alone"
    new = Settings(webhook_allow_private=True, secret_keys=(OTHER_KEY, SECRET_KEY))
    async with running(create_app(dsn, new)) as transport:
        restarted = Service(transport, service.database)
        assert await has_signed_with(await restarted.client("restarted"), receiver, made)
        assert (await run("webhooks", "reseal", secret_key=both))[:2] == (0, [{"resealed": 1, "unreadable": 0}])
        assert await has_signed_with(await restarted.client("again"), receiver, made)
        await restarted.close()
    assert (await run("webhooks", "reseal", secret_key=OTHER_KEY))[1] == [{"resealed": 0, "unreadable": 0}]


async def test_a_secret_that_no_key_opens_is_counted_and_stays_as_it_is(run, client, receiver):
    await create(client, receiver.url())
    code, answers, said = await run("webhooks", "reseal", secret_key=OTHER_KEY)
    assert (code, answers) == (2, [{"resealed": 0, "unreadable": 1}])
    assert "name the one that sealed them" in said
    assert (await run("webhooks", "reseal", secret_key=SECRET_KEY))[1] == [{"resealed": 0, "unreadable": 0}]


async def test_what_cannot_be_signed_waits_and_is_no_failure_of_the_endpoint(client, database, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    sealed = await database.value("SELECT sealed FROM webhook_secret")
    await database.execute("UPDATE webhook_secret SET sealed = $1", Vault([OTHER_KEY]).seal(bytes(32)))
    await deliver(client, search_id, "hotel")
    log = await eventually(lambda: client.get(f"/webhooks/{made['id']}/attempts"), lambda answer: answer.json()["total"])
    assert "OPENPROSPECT_SECRET_KEY" in log.json()["items"][0]["failure"]
    await eventually(lambda: database.value("SELECT claim FROM webhook_position"), lambda claim: claim is None)
    shown = (await client.get(f"/webhooks/{made['id']}")).json()
    assert (shown["status"], shown["failing_since"]) == ("active", None)
    await database.execute("UPDATE webhook_secret SET sealed = $1", sealed)
    await database.execute("UPDATE webhook_position SET next_attempt_at = clock_timestamp()")  # instead of half a minute
    await until(receiver, lambda receiver: receiver.requests)


async def test_a_secret_of_a_key_that_was_lost_is_a_failure_with_its_reason_until_it_is_rotated(client, database, receiver):
    made = await create(client, receiver.url())
    await database.execute("UPDATE webhook_secret SET sealed = $1", Vault([OTHER_KEY]).seal(bytes(32)))
    outcome = (await client.post(f"/webhooks/{made['id']}/test")).json()
    assert (outcome["accepted"], receiver.requests) == (False, [])
    assert "OPENPROSPECT_SECRET_KEY" in outcome["failure"]
    made |= (await client.post(f"/webhooks/{made['id']}/rotate")).json()
    assert await has_signed_with(client, receiver, made)


async def test_without_a_key_an_endpoint_is_refused_and_the_setting_named(dsn, database, receiver):
    async with running(create_app(dsn, Settings(webhook_allow_private=True))) as transport:
        service = Service(transport, database)
        answer = await (await service.client()).post("/webhooks", json={"url": receiver.url()})
        await service.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "MISCONFIGURED")
    assert "OPENPROSPECT_SECRET_KEY" in answer.json()["message"]
    assert await database.value("SELECT count(*) FROM webhook") == 0


def test_a_short_key_is_refused():
    with pytest.raises(Misconfigured, match="32 characters"):
        Vault([OTHER_KEY, "short"])


def test_what_is_sealed_is_not_there_to_be_read_and_opens_again():
    vault = Vault([SECRET_KEY])
    assert b"hush" not in vault.seal(b"hush")
    assert vault.open(vault.seal(b"hush")) == b"hush"
    assert vault.open(Vault([OTHER_KEY]).seal(b"hush")) is None
    assert vault.open(b"no seal") is None


def test_a_data_folder_has_one_key_for_its_owner_alone(tmp_path):
    assert key_of(tmp_path) is None
    key = made_key(tmp_path)
    assert key == made_key(tmp_path) == key_of(tmp_path)
    assert len(key) >= 32
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_the_embedded_database_needs_no_setting_and_a_named_key_takes_over(receiver):
    with open_site() as site:
        allowed = site.environment | {"OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE": "1"}
        made = site.run("webhooks", "create", receiver.url(), "--json", environment=allowed).answer
        named = allowed | {"OPENPROSPECT_SECRET_KEY": OTHER_KEY}
        assert site.run("webhooks", "test", made["id"], "--json", environment=named).answer["accepted"]
        assert site.run("webhooks", "reseal", "--json", environment=named).answer == {"resealed": 1, "unreadable": 0}
        (site.data_dir / "secret.key").unlink()
        assert site.run("webhooks", "test", made["id"], "--json", environment=named).answer["accepted"]
        assert [verify_webhook(request.body, request.headers, made["secret"]).type for request in receiver.requests] == ["webhook.test"] * 2
        assert OTHER_KEY not in site.ran[-1].err
