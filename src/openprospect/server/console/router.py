"""Every page of the console, behind its gate."""

from collections.abc import Sequence

from litestar import Router
from litestar.types import Guard

from openprospect.server.console.errors import EXCEPTION_HANDLERS
from openprospect.server.console.gate import own_origin, signed_in
from openprospect.server.console.page import ROOT, asset_router
from openprospect.server.console.routes import connect, consumers, deliver, keys, overview, privacy, search, sign_in, webhooks

_PAGES = [
    sign_in.sign_out_form,
    overview.overview_page,
    overview.overview_now,
    overview.searches_page,
    overview.open_search,
    search.search_page,
    search.find_in_search,
    search.company_page,
    consumers.consumers_page,
    consumers.lacking_page,
    deliver.deliver_page,
    deliver.deliver_upload_form,
    connect.connect_page,
    connect.try_search,
    connect.connector_file,
    keys.keys_page,
    keys.create_key_form,
    keys.revoke_key_form,
    privacy.privacy_page,
    privacy.look_for_person,
    privacy.report_on_person,
    privacy.erase_person_form,
    privacy.erasure_page,
    privacy.settle_recipient,
    privacy.erasure_recipients,
    privacy.erasure_report,
    privacy.change_suppressions,
    privacy.export_suppressions,
    webhooks.webhooks_page,
    webhooks.create_webhook_form,
    webhooks.webhook_page,
    webhooks.webhook_attempts_part,
    webhooks.test_webhook_form,
    webhooks.rotate_webhook_form,
    webhooks.move_webhook_form,
    webhooks.replay_webhook_form,
    webhooks.switch_webhook_form,
]


def console_router(*, guards: Sequence[Guard]) -> Router:
    """The door is open to all; the pages behind it to whoever is signed in. `guards` stand before both."""
    door = Router("/", route_handlers=[sign_in.sign_in_page, sign_in.sign_in_form], guards=[*guards, own_origin])
    pages = Router("/", route_handlers=_PAGES, guards=[*guards, signed_in])
    return Router(ROOT, route_handlers=[asset_router(), door, pages], exception_handlers=EXCEPTION_HANDLERS, include_in_schema=False)
