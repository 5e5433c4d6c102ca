# SPDX-License-Identifier: Apache-2.0

"""What titer answers and takes, as typed dictionaries: they are the JSON itself.

Made of docs/reference/openapi.json by clients/generate.py. Change those, not this file.
"""
from __future__ import annotations

from typing import Any, Dict, List, Literal, TypedDict, Union

# A claim: a number of doses, yes, no or unknown; never turned into one another.
Availability = Union[int, bool, Literal['unknown']]


class Count(TypedDict):
    """A number of doses, in the form of an object."""

    count: int

# An availability as answers have it, or a word.
PlainClaim = Union[int, bool, Literal['yes', 'no', 'unknown']]

# An availability as requests have it. The object is for programs whose language has no unions.
Claimed = Union[Count, PlainClaim]


class _StockLine(TypedDict):
    # CVX code, NDC in 5-4-2 digits, or `any`; `.vfc` behind a code: for the program Vaccines for Children.
    product: str
    availability: Availability
    version: int
    freshness: Literal['unknown', 'fresh', 'stale', 'expired']


class StockLine(_StockLine, total=False):
    # The vaccine in a pack (when `product` is its NDC).
    cvx: str
    # As of when the claim was true. Doses that are moved do not change it.
    valid_at: str
    # When the value last differed, by a claim or because doses were moved.
    changed_at: str
    # When it was last claimed, changed or not.
    checked_at: str
    source: str
    updated_by: str

# A system, and the site's id in it.
ExternalId = List[str]


class _Site(TypedDict):
    id: str
    name: str
    status: Literal['active', 'hidden', 'closed']
    version: int
    stock: List[StockLine]


class Site(_Site, total=False):
    zip: str
    zip_plus4: str
    street: str
    city: str
    state: str
    # Without one of its own, that of the ZIP code.
    county: str
    # Of the ZIP code, or else of most of the state: an IANA name.
    time_zone: str
    # What nobody has said, and the ZIP code says.
    from_zip: List[Literal['county']]
    phone: str
    # An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused.
    info_url: str
    # An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused.
    booking_url: str
    provider: str
    hours: str
    lat: float
    lon: float
    external_ids: List[ExternalId]
    # Those of external_ids that a provider claims and nobody has confirmed. Imports do not find the site by them.
    # Absent if there are none.
    unverified_external_ids: List[ExternalId]
    point: Literal['given', 'zip_centroid']
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str


class Explanation(TypedDict):
    """What the replica looked at; present when `explain` asks for it."""

    # The indexes along which it looked: of places in rings around the center; of products, a state or a ZIP code;
    # of names, or only those blocks of it in which the text may occur.
    indexes: List[Literal['names', 'text', 'zip', 'state', 'products', 'places']]
    # Rows that it looked at, or what takes as long.
    rows: int
    # Into how many steps the answer was divided, so that it did not hold up others.
    steps: int


class Links(TypedDict, total=False):
    # The next page; absent on the last one.
    next: str


class _SitePage(TypedDict):
    sites: List[Site]
    links: Links


class SitePage(_SitePage, total=False):
    explain: Explanation


class _Center(TypedDict):
    lat: float
    lon: float


class Center(_Center, total=False):
    """Where the distances begin."""

    # The town of the ZIP code that was asked for.
    city: str
    # Its state.
    state: str


class NearSite(Site):
    distance: float
    distance_m: float
    unit: Literal['mi', 'km']


class _NearPage(TypedDict):
    center: Center
    # Other sites fit as well, farther away than all that are listed: raise limit, up to 2,000.
    more: bool
    sites: List[NearSite]


class NearPage(_NearPage, total=False):
    explain: Explanation


class SiteFields(TypedDict, total=False):
    name: str
    zip: str
    zip_plus4: str
    street: str
    city: str
    state: str
    county: str
    phone: str
    # An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused.
    info_url: str
    # An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused.
    booking_url: str
    provider: str
    hours: str
    lat: float
    lon: float
    status: Literal['active', 'hidden', 'closed']
    external_ids: List[ExternalId]
    reason: str


class _NewStock(TypedDict):
    availability: Claimed


class NewStock(_NewStock, total=False):
    product: str
    valid_at: str
    source: str


class _NewSite(TypedDict):
    name: str


class NewSite(_NewSite, total=False):
    id: str
    zip: str
    zip_plus4: str
    street: str
    city: str
    state: str
    county: str
    phone: str
    # An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused.
    info_url: str
    # An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused.
    booking_url: str
    provider: str
    hours: str
    lat: float
    lon: float
    status: Literal['active', 'hidden', 'closed']
    external_ids: List[ExternalId]
    stock: List[NewStock]
    reason: str


class _StockClaim(TypedDict):
    availability: Claimed


class StockClaim(_StockClaim, total=False):
    # True as of then; older than what is stored: 409 out_of_date; up to a day ahead counts as now, further ahead is
    # refused. A date alone is midnight, UTC; a time without a zone is UTC.
    valid_at: str
    source: str
    reason: str

# An object, or the availability alone, which is then no object itself.
Claim = Union[StockClaim, PlainClaim]


class _Event(TypedDict):
    position: int
    time: str
    kind: Literal['add_site', 'edit_site', 'close_site', 'set', 'adjust', 'reserve', 'release', 'undo', 'import', 'create_key', 'revoke_key', 'set_write_stop']


class Event(_Event, total=False):
    # Counts the events of this position, from 0, which is left out. A new site with stock has two events.
    part: int
    actor: str
    # Absent of events on keys and on the switch, which only auditors and operators see.
    site_id: str
    product: str
    before: Availability
    after: Availability
    # Changed fields: [before, after].
    fields: Dict[str, List[str]]
    reason: str
    idempotency_key: str
    reverts: int


class EventPage(TypedDict):
    events: List[Event]
    # Events up to this position may be missing, because they were removed; 0: none is.
    removed: int
    links: Links


class _Outcome(TypedDict):
    ok: Literal[True]
    position: int
    # false: it was so already
    changed: bool


class Outcome(_Outcome, total=False):
    created: bool
    site_id: str
    site_version: int
    before: Availability
    after: Availability
    stock_version: int


class _Problem(TypedDict):
    type: str
    title: str
    status: int
    # For programs.
    code: str
    # For people: what is wrong and what to do.
    detail: str


class Problem(_Problem, total=False):
    site_id: str
    site_version: int
    current: Availability
    stock_version: int
    oldest: int


class _ImportRemark(TypedDict):
    line: int
    why: str


class ImportRemark(_ImportRemark, total=False):
    field: str
    value: str


class _ImportReport(TypedDict):
    dry_run: bool
    rows: int
    added: int
    updated: int
    unchanged: int
    rejected: int
    # Rows that were left out.
    errors: List[ImportRemark]
    # Repairs and suspicious values in rows that were taken.
    remarks: List[ImportRemark]


class ImportReport(_ImportReport, total=False):
    format: str
    out_of_date: int
    notes: int
    # Rows of blank fields alone.
    blank: int
    errors_not_shown: int
    notes_not_shown: int
    position: int
    seconds: float


class _ImportRun(TypedDict):
    number: int
    # gone: its client went away before the end.
    state: Literal['running', 'done', 'failed', 'gone']
    dry_run: bool
    bytes_read: int
    # Read so far.
    rows: int
    rows_answered: int
    added: int
    updated: int
    unchanged: int
    rejected: int
    seconds: float


class ImportRun(_ImportRun, total=False):
    label: str
    format: str
    # Of the whole upload, when its length was said.
    bytes_to_read: int
    rows_per_second: float
    # While it runs, when the length is known.
    seconds_left: float


class _SmartManifestOutputItem(TypedDict):
    type: Literal['Location', 'Schedule', 'Slot']
    url: str


class SmartManifestOutputItem(_SmartManifestOutputItem, total=False):
    extension: Dict[str, Any]


class SmartManifestExtension(TypedDict, total=False):
    sitesLeftOut: int


class _SmartManifest(TypedDict):
    transactionTime: str
    request: str
    output: List[SmartManifestOutputItem]


class SmartManifest(_SmartManifest, total=False):
    error: List[Dict[str, Any]]
    extension: SmartManifestExtension


class _Key(TypedDict):
    id: str
    # The actor of its requests.
    owner: str
    role: Literal['reader', 'provider', 'jurisdiction', 'aggregator', 'auditor', 'operator']
    created: str


class Key(_Key, total=False):
    # Of a provider: ids of sites. Of a jurisdiction: states and ZIP codes, or their first digits. Of an aggregator:
    # its source.
    scope: List[str]
    created_by: str
    expires: str
    revoked: str
    # Sites that it may add, if it was made with a number of its own; 5000 without.
    sites_max: int


class _WriteSwitch(TypedDict):
    stopped: bool


class WriteSwitch(_WriteSwitch, total=False):
    reason: str
    by: str
    since: str


class _Adjustment(TypedDict):
    by: int


class Adjustment(_Adjustment, total=False):
    reason: str


class Doses(TypedDict, total=False):
    doses: int
    reason: str


class Reason(TypedDict, total=False):
    reason: str


class _NewKey(TypedDict):
    owner: str
    role: Literal['reader', 'provider', 'jurisdiction', 'aggregator', 'auditor', 'operator']


class NewKey(_NewKey, total=False):
    # Of a provider: ids of sites. Of a jurisdiction: states and ZIP codes, or their first digits. Of an aggregator:
    # its source.
    scope: List[str]
    # Of a jurisdiction or an aggregator: how many sites it may add. 0, or none: 5000.
    sites_max: int
    expires: str
    reason: str


class _WriteOrder(TypedDict):
    stopped: bool


class WriteOrder(_WriteOrder, total=False):
    reason: str


class CreatedKey(TypedDict):
    id: str
    # The secret; it is shown only here.
    key: str


class KeyPage(TypedDict):
    keys: List[Key]
    links: Links


class Imports(TypedDict):
    imports: List[ImportRun]


class ControlToken(TypedDict):
    token: str


class StatusBuild(TypedDict):
    """The program: its version, and the commit that it was built from with its date; unknown where it was not
    built from a commit.
    """

    version: str
    commit: str
    date: str


class StatusMembersItem(TypedDict):
    id: int
    address: str
    incarnation: str


class StatusRegister(TypedDict):
    kind: str
    reachable: bool
    writable: bool


class StatusIdempotency(TypedDict):
    """How full the memory of idempotency keys is, and how long a retry is safe now."""

    records: int
    bytes: int
    bytes_max: int
    retry_safe_s: int
    retry_safe_min_s: int


class StatusConnections(TypedDict):
    clients_max: int
    clients_per_address_max: int
    newcomers: int
    gave_way: int
    turned_away: int
    watchers: int
    watchers_fallen_behind: int
    descriptors_max: int


class StatusLimitsRequestsPerKey(TypedDict):
    per_second: float
    this_machine: bool


class StatusLimitsRequestsPerAddress(TypedDict):
    per_second: float
    this_machine: bool


class StatusLimits(TypedDict):
    requests_per_key: StatusLimitsRequestsPerKey
    requests_per_address: StatusLimitsRequestsPerAddress


class StatusLagsItem(TypedDict):
    id: int
    ms: int
    limps: bool


class StatusHttp(TypedDict):
    """Where it serves HTTP."""

    address: str
    workers: int
    connections: int
    accepted: int
    turned_away: int
    gave_way: int
    connections_max: int
    connections_per_address_max: int
    requests: int
    listeners: int


class StatusPeersItem(TypedDict):
    index: int
    http: str


class _Status(TypedDict):
    # The program: its version, and the commit that it was built from with its date; unknown where it was not built
    # from a commit.
    build: StatusBuild
    cluster: str
    replica: int
    full: bool
    view: int
    members: List[StatusMembersItem]
    # Requests that it has executed.
    position: int
    lease: bool
    writes_stopped: bool


class Status(_Status, total=False):
    """More members than these may come with a later version. Those that are not required depend on how the replica
    runs; docs/how-to/operations.md explains the names.
    """

    incarnation: str
    pid: int
    address: str
    local_socket: str
    wedged: bool
    target: int
    register: StatusRegister
    clock: int
    executed: int
    # Of its state; equal at replicas of one position.
    digest: str
    dispute: str
    disputed: bool
    time_ms: int
    clock_ahead_ms: int
    clock_fault: str
    clock_wrong: bool
    sites: int
    active_sites: int
    stock_lines: int
    events: int
    sessions: int
    # How full the memory of idempotency keys is, and how long a retry is safe now.
    idempotency: StatusIdempotency
    frames_sent: int
    null_frames_sent: int
    frames_executed: int
    frames_held: int
    pending_requests: int
    peer_messages_sent: int
    death_notices: int
    clients: int
    direct_clients: int
    active_direct_clients: int
    reads_answered: int
    learned: int
    learned_percent: int
    data_losses: List[Dict[str, Any]]
    keys: bool
    memory_bytes: int
    uptime_ms: int
    connections: StatusConnections
    limits: StatusLimits
    lags: List[StatusLagsItem]
    durability: str
    disk_full: bool
    syncs: int
    sync_us: int
    sync_us_max: int
    journal_records: int
    journal_record_bytes: int
    journal_written_bytes: int
    journal_group_bytes_max: int
    journal_segments: int
    journal_held_bytes: int
    tables_position: int
    tables_written: int
    scrub_sites: int
    scrub_rows: int
    scrub_rounds: int
    scrub_mismatches: int
    # Where it serves HTTP.
    http: StatusHttp
    # Where the members of the view serve HTTP, as far as this replica knows it.
    peers: List[StatusPeersItem]
    cluster_control: bool


_TracedFrame = TypedDict("_TracedFrame", {'from': int, 'view': int, 'seq': int, 'clock': int, 'requests': int})


class TracedFrame(_TracedFrame, total=False):
    sent_us: int
    received_us: int
    stable_us: int
    safe_us: int
    executed_us: int


class Trace(TypedDict):
    replica: int
    # The clock of the times below, when this was answered.
    now_us: int
    frames: List[TracedFrame]


class Message(TypedDict):
    message: str

__all__ = [
    "Adjustment",
    "Availability",
    "Center",
    "Claim",
    "Claimed",
    "ControlToken",
    "Count",
    "CreatedKey",
    "Doses",
    "Event",
    "EventPage",
    "Explanation",
    "ExternalId",
    "ImportRemark",
    "ImportReport",
    "ImportRun",
    "Imports",
    "Key",
    "KeyPage",
    "Links",
    "Message",
    "NearPage",
    "NearSite",
    "NewKey",
    "NewSite",
    "NewStock",
    "Outcome",
    "PlainClaim",
    "Problem",
    "Reason",
    "Site",
    "SiteFields",
    "SitePage",
    "SmartManifest",
    "SmartManifestExtension",
    "SmartManifestOutputItem",
    "Status",
    "StatusBuild",
    "StatusConnections",
    "StatusHttp",
    "StatusIdempotency",
    "StatusLagsItem",
    "StatusLimits",
    "StatusLimitsRequestsPerAddress",
    "StatusLimitsRequestsPerKey",
    "StatusMembersItem",
    "StatusPeersItem",
    "StatusRegister",
    "StockClaim",
    "StockLine",
    "Trace",
    "TracedFrame",
    "WriteOrder",
    "WriteSwitch",
]
