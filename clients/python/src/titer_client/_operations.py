# SPDX-License-Identifier: Apache-2.0

"""The operations of the HTTP interface as methods.

Made of docs/reference/openapi.json by clients/generate.py. Change those, not this file.
"""
from __future__ import annotations

from typing import Any, AsyncIterator, Dict, Iterator, List, Literal, Optional, Sequence, Union, cast

from . import models
from ._exchange import Operation, Text


def _given(members: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


_HEALTHZ = Operation("healthz", "GET", "/healthz",
    retry="read", follows=False, json=False)
_READYZ = Operation("readyz", "GET", "/readyz",
    retry="read", follows=False, json=False)
_STATUS = Operation("status", "GET", "/api/v1/status",
    retry="read", follows=False, json=True)
_TRACE = Operation("trace", "GET", "/api/v1/trace",
    retry="read", follows=False, json=True)
_CONTROL_TOKEN = Operation("control_token", "GET", "/api/v1/cluster/token",
    retry="read", follows=False, json=True)
_KILL_REPLICA = Operation("kill_replica", "POST", "/api/v1/cluster/replicas/{index}/kill",
    retry="once", follows=False, json=True)
_START_REPLICA = Operation("start_replica", "POST", "/api/v1/cluster/replicas/{index}/start",
    retry="once", follows=False, json=True)
_LIST_SITES = Operation("list_sites", "GET", "/api/v1/sites",
    retry="read", follows=True, json=True)
_ADD_SITE = Operation("add_site", "POST", "/api/v1/sites",
    retry="key", follows=False, json=True)
_NEAR_SITES = Operation("near_sites", "GET", "/api/v1/sites/near",
    retry="read", follows=True, json=True)
_GET_SITE = Operation("get_site", "GET", "/api/v1/sites/{id}",
    retry="read", follows=True, json=True)
_EDIT_SITE = Operation("edit_site", "PATCH", "/api/v1/sites/{id}",
    retry="key", follows=False, json=True)
_CLOSE_SITE = Operation("close_site", "DELETE", "/api/v1/sites/{id}",
    retry="key", follows=False, json=True)
_SET_STOCK = Operation("set_stock", "PUT", "/api/v1/sites/{id}/stock/{product}",
    retry="key", follows=False, json=True)
_ADJUST_STOCK = Operation("adjust_stock", "POST", "/api/v1/sites/{id}/stock/{product}/adjust",
    retry="key", follows=False, json=True)
_RESERVE_STOCK = Operation("reserve_stock", "POST", "/api/v1/sites/{id}/stock/{product}/reserve",
    retry="key", follows=False, json=True)
_RELEASE_STOCK = Operation("release_stock", "POST", "/api/v1/sites/{id}/stock/{product}/release",
    retry="key", follows=False, json=True)
_SITE_HISTORY = Operation("site_history", "GET", "/api/v1/sites/{id}/history",
    retry="read", follows=True, json=True)
_LIST_EVENTS = Operation("list_events", "GET", "/api/v1/events",
    retry="read", follows=True, json=True)
_UNDO = Operation("undo", "POST", "/api/v1/events/{position}/undo",
    retry="key", follows=False, json=True)
_EXPORT = Operation("export", "GET", "/api/v1/export",
    retry="read", follows=True, json=False)
_IMPORT = Operation("import", "POST", "/api/v1/import",
    retry="once", follows=False, json=True)
_IMPORTS = Operation("imports", "GET", "/api/v1/imports",
    retry="read", follows=False, json=True)
_SMART_MANIFEST = Operation("smart_manifest", "GET", "/api/v1/smart/$bulk-publish",
    retry="read", follows=False, json=True)
_SMART_FILE = Operation("smart_file", "GET", "/api/v1/smart/{publication}/{file}",
    retry="read", follows=False, json=False)
_METRICS = Operation("metrics", "GET", "/metrics",
    retry="read", follows=False, json=False)
_LIST_KEYS = Operation("list_keys", "GET", "/api/v1/keys",
    retry="read", follows=True, json=True)
_CREATE_KEY = Operation("create_key", "POST", "/api/v1/keys",
    retry="once", follows=False, json=True)
_KEY_HISTORY = Operation("key_history", "GET", "/api/v1/keys/history",
    retry="read", follows=True, json=True)
_REVOKE_KEY = Operation("revoke_key", "DELETE", "/api/v1/keys/{id}",
    retry="once", follows=False, json=True)
_GET_WRITES = Operation("get_writes", "GET", "/api/v1/writes",
    retry="read", follows=True, json=True)
_SET_WRITES = Operation("set_writes", "PUT", "/api/v1/writes",
    retry="once", follows=False, json=True)


class Operations:
    """The operations, blocking. Client and AsyncClient say how they are done."""

    def _call(self, operation: Operation, *, path: Sequence[Any] = (), query: Optional[Dict[str, Any]] = None,
              headers: Optional[Dict[str, Any]] = None, body: Any = None) -> Any:
        raise NotImplementedError

    def _rows(self, operation: Operation, *, rows: str, path: Sequence[Any] = (), query: Optional[Dict[str, Any]] = None,
              headers: Optional[Dict[str, Any]] = None) -> Iterator[Any]:
        raise NotImplementedError

    def healthz(self,
            *, min_position: Optional[str] = None) -> Text:
        """Whether the process is alive."""
        return cast("Text", self._call(
            _HEALTHZ,
            headers={"Titer-Min-Position": min_position}))

    def readyz(self,
            *, min_position: Optional[str] = None) -> Text:
        """Whether this replica answers linearizable reads."""
        return cast("Text", self._call(
            _READYZ,
            headers={"Titer-Min-Position": min_position}))

    def status(self,
            *, min_position: Optional[str] = None) -> models.Status:
        """This replica: view, clock, position, lease, and where its peers serve HTTP."""
        return cast("models.Status", self._call(
            _STATUS,
            headers={"Titer-Min-Position": min_position}))

    def trace(self,
            *, min_position: Optional[str] = None) -> models.Trace:
        """The last frames as this replica saw them: sent, received, stable, safe, executed."""
        return cast("models.Trace", self._call(
            _TRACE,
            headers={"Titer-Min-Position": min_position}))

    def control_token(self,
            *, min_position: Optional[str] = None) -> models.ControlToken:
        """The token with which replicas are killed and started without a key."""
        return cast("models.ControlToken", self._call(
            _CONTROL_TOKEN,
            headers={"Titer-Min-Position": min_position}))

    def kill_replica(self,
            index: int, *, token: Optional[str] = None) -> models.Message:
        """Kill a replica of a cluster on one machine."""
        return cast("models.Message", self._call(
            _KILL_REPLICA,
            path=(index,),
            headers={"Titer-Token": token}))

    def start_replica(self,
            index: int, *, token: Optional[str] = None) -> models.Message:
        """Start a replica of a cluster on one machine."""
        return cast("models.Message", self._call(
            _START_REPLICA,
            path=(index,),
            headers={"Titer-Token": token}))

    def list_sites(self,
            *, zip: Optional[str] = None, state: Optional[str] = None, product: Optional[str] = None,
            available: Optional[bool] = None, expired: Optional[bool] = None, q: Optional[str] = None,
            updated_since: Optional[str] = None, closed: Optional[bool] = None, explain: Optional[bool] = None,
            limit: Optional[int] = None, cursor: Optional[str] = None, min_position: Optional[str] = None) -> models.SitePage:
        """A page of sites with their stock, sorted by name."""
        return cast("models.SitePage", self._call(
            _LIST_SITES,
            query={"zip": zip, "state": state, "product": product, "available": available, "expired": expired, "q": q, "updated_since": updated_since, "closed": closed, "explain": explain, "limit": limit, "cursor": cursor},
            headers={"Titer-Min-Position": min_position}))

    def iterate_sites(self,
            *, zip: Optional[str] = None, state: Optional[str] = None, product: Optional[str] = None,
            available: Optional[bool] = None, expired: Optional[bool] = None, q: Optional[str] = None,
            updated_since: Optional[str] = None, closed: Optional[bool] = None, explain: Optional[bool] = None,
            limit: Optional[int] = None, cursor: Optional[str] = None, min_position: Optional[str] = None) -> Iterator[models.Site]:
        """A page of sites with their stock, sorted by name: all of them, page by page."""
        return self._rows(
            _LIST_SITES,
            query={"zip": zip, "state": state, "product": product, "available": available, "expired": expired, "q": q, "updated_since": updated_since, "closed": closed, "explain": explain, "limit": limit, "cursor": cursor},
            headers={"Titer-Min-Position": min_position}, rows="sites")

    def add_site(self,
            name: str, *, actor: Optional[str] = None, idempotency_key: Optional[str] = None,
            id: Optional[str] = None, zip: Optional[str] = None, zip_plus4: Optional[str] = None,
            street: Optional[str] = None, city: Optional[str] = None, state: Optional[str] = None,
            county: Optional[str] = None, phone: Optional[str] = None, info_url: Optional[str] = None,
            booking_url: Optional[str] = None, provider: Optional[str] = None, hours: Optional[str] = None,
            lat: Optional[float] = None, lon: Optional[float] = None,
            status: Optional[Literal['active', 'hidden', 'closed']] = None,
            external_ids: Optional[List[models.ExternalId]] = None, stock: Optional[List[models.NewStock]] = None,
            reason: Optional[str] = None) -> models.Outcome:
        """Add a site."""
        return cast("models.Outcome", self._call(
            _ADD_SITE,
            headers={"Titer-Actor": actor, "Idempotency-Key": idempotency_key},
            body=_given({"id": id, "name": name, "zip": zip, "zip_plus4": zip_plus4, "street": street, "city": city, "state": state, "county": county, "phone": phone, "info_url": info_url, "booking_url": booking_url, "provider": provider, "hours": hours, "lat": lat, "lon": lon, "status": status, "external_ids": external_ids, "stock": stock, "reason": reason})))

    def near_sites(self,
            *, zip: Optional[str] = None, lat: Optional[float] = None, lon: Optional[float] = None,
            within: Optional[float] = None, unit: Optional[Literal['mi', 'km']] = None, state: Optional[str] = None,
            product: Optional[str] = None, available: Optional[bool] = None, expired: Optional[bool] = None,
            q: Optional[str] = None, updated_since: Optional[str] = None, closed: Optional[bool] = None,
            explain: Optional[bool] = None, limit: Optional[int] = None, min_position: Optional[str] = None) -> models.NearPage:
        """Sites near a ZIP code or point, nearest first."""
        return cast("models.NearPage", self._call(
            _NEAR_SITES,
            query={"zip": zip, "lat": lat, "lon": lon, "within": within, "unit": unit, "state": state, "product": product, "available": available, "expired": expired, "q": q, "updated_since": updated_since, "closed": closed, "explain": explain, "limit": limit},
            headers={"Titer-Min-Position": min_position}))

    def get_site(self,
            id: str, *, min_position: Optional[str] = None) -> models.Site:
        """One site with its stock."""
        return cast("models.Site", self._call(
            _GET_SITE,
            path=(id,),
            headers={"Titer-Min-Position": min_position}))

    def edit_site(self,
            id: str, *, if_match: Optional[str] = None, actor: Optional[str] = None,
            idempotency_key: Optional[str] = None, if_none_match: Optional[str] = None, name: Optional[str] = None,
            zip: Optional[str] = None, zip_plus4: Optional[str] = None, street: Optional[str] = None,
            city: Optional[str] = None, state: Optional[str] = None, county: Optional[str] = None,
            phone: Optional[str] = None, info_url: Optional[str] = None, booking_url: Optional[str] = None,
            provider: Optional[str] = None, hours: Optional[str] = None, lat: Optional[float] = None,
            lon: Optional[float] = None, status: Optional[Literal['active', 'hidden', 'closed']] = None,
            external_ids: Optional[List[models.ExternalId]] = None, reason: Optional[str] = None) -> models.Outcome:
        """Change fields of a site; an absent field is left unchanged, null or an empty text clears it."""
        return cast("models.Outcome", self._call(
            _EDIT_SITE,
            path=(id,),
            headers={"If-Match": if_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key, "If-None-Match": if_none_match},
            body=_given({"name": name, "zip": zip, "zip_plus4": zip_plus4, "street": street, "city": city, "state": state, "county": county, "phone": phone, "info_url": info_url, "booking_url": booking_url, "provider": provider, "hours": hours, "lat": lat, "lon": lon, "status": status, "external_ids": external_ids, "reason": reason})))

    def close_site(self,
            id: str, *, if_match: Optional[str] = None, reason: Optional[str] = None, actor: Optional[str] = None,
            idempotency_key: Optional[str] = None, if_none_match: Optional[str] = None) -> models.Outcome:
        """Close a site; it stays in history and can be undone."""
        return cast("models.Outcome", self._call(
            _CLOSE_SITE,
            path=(id,),
            query={"reason": reason},
            headers={"If-Match": if_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key, "If-None-Match": if_none_match}))

    def set_stock(self,
            id: str, product: str, availability: models.Claimed, *, if_match: Optional[str] = None,
            if_none_match: Optional[str] = None, actor: Optional[str] = None, idempotency_key: Optional[str] = None,
            valid_at: Optional[str] = None, source: Optional[str] = None, reason: Optional[str] = None) -> models.Outcome:
        """Log the stock of a site."""
        return cast("models.Outcome", self._call(
            _SET_STOCK,
            path=(id, product,),
            headers={"If-Match": if_match, "If-None-Match": if_none_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key},
            body=_given({"availability": availability, "valid_at": valid_at, "source": source, "reason": reason})))

    def adjust_stock(self,
            id: str, product: str, by: int, *, if_match: Optional[str] = None, actor: Optional[str] = None,
            idempotency_key: Optional[str] = None, if_none_match: Optional[str] = None, reason: Optional[str] = None) -> models.Outcome:
        """Add to a count, or subtract from it; never below 0."""
        return cast("models.Outcome", self._call(
            _ADJUST_STOCK,
            path=(id, product,),
            headers={"If-Match": if_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key, "If-None-Match": if_none_match},
            body=_given({"by": by, "reason": reason})))

    def reserve_stock(self,
            id: str, product: str, *, if_match: Optional[str] = None, actor: Optional[str] = None,
            idempotency_key: Optional[str] = None, if_none_match: Optional[str] = None, doses: Optional[int] = None,
            reason: Optional[str] = None) -> models.Outcome:
        """Take doses from a count, atomically: never more than there are."""
        return cast("models.Outcome", self._call(
            _RESERVE_STOCK,
            path=(id, product,),
            headers={"If-Match": if_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key, "If-None-Match": if_none_match},
            body=_given({"doses": doses, "reason": reason})))

    def release_stock(self,
            id: str, product: str, *, if_match: Optional[str] = None, actor: Optional[str] = None,
            idempotency_key: Optional[str] = None, if_none_match: Optional[str] = None, doses: Optional[int] = None,
            reason: Optional[str] = None) -> models.Outcome:
        """Return reserved doses."""
        return cast("models.Outcome", self._call(
            _RELEASE_STOCK,
            path=(id, product,),
            headers={"If-Match": if_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key, "If-None-Match": if_none_match},
            body=_given({"doses": doses, "reason": reason})))

    def site_history(self,
            id: str, *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> models.EventPage:
        """The events of a site, newest first."""
        return cast("models.EventPage", self._call(
            _SITE_HISTORY,
            path=(id,),
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}))

    def iterate_site_history(self,
            id: str, *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> Iterator[models.Event]:
        """The events of a site, newest first: all of them, page by page."""
        return self._rows(
            _SITE_HISTORY,
            path=(id,),
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}, rows="events")

    def list_events(self,
            *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> models.EventPage:
        """The events of all sites, newest first."""
        return cast("models.EventPage", self._call(
            _LIST_EVENTS,
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}))

    def iterate_events(self,
            *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> Iterator[models.Event]:
        """The events of all sites, newest first: all of them, page by page."""
        return self._rows(
            _LIST_EVENTS,
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}, rows="events")

    def undo(self,
            position: int, *, actor: Optional[str] = None, idempotency_key: Optional[str] = None,
            reason: Optional[str] = None) -> models.Outcome:
        """Revert the change of an event."""
        return cast("models.Outcome", self._call(
            _UNDO,
            path=(position,),
            headers={"Titer-Actor": actor, "Idempotency-Key": idempotency_key},
            body=_given({"reason": reason})))

    def export(self,
            *, format: Optional[Literal['csv', 'ndjson', 'geojson']] = None, min_position: Optional[str] = None) -> Text:
        """All open sites as a file, as they were at one position."""
        return cast("Text", self._call(
            _EXPORT,
            query={"format": format},
            headers={"Titer-Min-Position": min_position}))

    def import_(self,
            body: Union[str, bytes], *,
            format: Optional[Literal['csv', 'ndjson', 'smart', 'cdc', 'national', 'therapeutics', 'inventory']] = None,
            map: Optional[str] = None, dry_run: Optional[bool] = None, label: Optional[str] = None,
            actor: Optional[str] = None, content_type: str = "text/csv") -> models.ImportReport:
        """Adds and updates sites from a file of any length."""
        return cast("models.ImportReport", self._call(
            _IMPORT,
            query={"format": format, "map": map, "dry_run": dry_run, "label": label},
            headers={"Titer-Actor": actor, "Content-Type": content_type},
            body=body))

    def imports(self,
            *, min_position: Optional[str] = None) -> models.Imports:
        """The progress of the imports of this replica."""
        return cast("models.Imports", self._call(
            _IMPORTS,
            headers={"Titer-Min-Position": min_position}))

    def smart_manifest(self,
            *, since: Optional[str] = None, min_position: Optional[str] = None, expired: Optional[bool] = None) -> models.SmartManifest:
        """Manifest of the SMART Scheduling Links feed."""
        return cast("models.SmartManifest", self._call(
            _SMART_MANIFEST,
            query={"_since": since, "expired": expired},
            headers={"Titer-Min-Position": min_position}))

    def smart_file(self,
            publication: str, file: str, *, since: Optional[str] = None, min_position: Optional[str] = None) -> Text:
        """One file of a SMART publication."""
        return cast("Text", self._call(
            _SMART_FILE,
            path=(publication, file,),
            query={"_since": since},
            headers={"Titer-Min-Position": min_position}))

    def metrics(self,
            *, min_position: Optional[str] = None) -> Text:
        """For Prometheus."""
        return cast("Text", self._call(
            _METRICS,
            headers={"Titer-Min-Position": min_position}))

    def list_keys(self,
            *, limit: Optional[int] = None, after: Optional[str] = None, min_position: Optional[str] = None) -> models.KeyPage:
        """Keys, including expired and revoked ones, in the order of their ids."""
        return cast("models.KeyPage", self._call(
            _LIST_KEYS,
            query={"limit": limit, "after": after},
            headers={"Titer-Min-Position": min_position}))

    def iterate_keys(self,
            *, limit: Optional[int] = None, after: Optional[str] = None, min_position: Optional[str] = None) -> Iterator[models.Key]:
        """Keys, including expired and revoked ones, in the order of their ids: all of them, page by page."""
        return self._rows(
            _LIST_KEYS,
            query={"limit": limit, "after": after},
            headers={"Titer-Min-Position": min_position}, rows="keys")

    def create_key(self,
            owner: str, role: Literal['reader', 'provider', 'jurisdiction', 'aggregator', 'auditor', 'operator'], *,
            scope: Optional[List[str]] = None, sites_max: Optional[int] = None, expires: Optional[str] = None,
            reason: Optional[str] = None) -> models.CreatedKey:
        """Create a key."""
        return cast("models.CreatedKey", self._call(
            _CREATE_KEY,
            body=_given({"owner": owner, "role": role, "scope": scope, "sites_max": sites_max, "expires": expires, "reason": reason})))

    def key_history(self,
            *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> models.EventPage:
        """Keys made and revoked, writes stopped and allowed, newest first."""
        return cast("models.EventPage", self._call(
            _KEY_HISTORY,
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}))

    def iterate_key_history(self,
            *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> Iterator[models.Event]:
        """Keys made and revoked, writes stopped and allowed, newest first: all of them, page by page."""
        return self._rows(
            _KEY_HISTORY,
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}, rows="events")

    def revoke_key(self,
            id: str, *, reason: Optional[str] = None) -> models.Outcome:
        """Revoke a key, for good."""
        return cast("models.Outcome", self._call(
            _REVOKE_KEY,
            path=(id,),
            query={"reason": reason}))

    def get_writes(self,
            *, min_position: Optional[str] = None) -> models.WriteSwitch:
        """Whether writes are stopped."""
        return cast("models.WriteSwitch", self._call(
            _GET_WRITES,
            headers={"Titer-Min-Position": min_position}))

    def set_writes(self,
            stopped: bool, *, reason: Optional[str] = None) -> models.Outcome:
        """Stop all writes while reads continue, or allow them again."""
        return cast("models.Outcome", self._call(
            _SET_WRITES,
            body=_given({"stopped": stopped, "reason": reason})))


class AsyncOperations:
    """The operations, for asyncio. Client and AsyncClient say how they are done."""

    async def _call(self, operation: Operation, *, path: Sequence[Any] = (), query: Optional[Dict[str, Any]] = None,
              headers: Optional[Dict[str, Any]] = None, body: Any = None) -> Any:
        raise NotImplementedError

    def _rows(self, operation: Operation, *, rows: str, path: Sequence[Any] = (), query: Optional[Dict[str, Any]] = None,
              headers: Optional[Dict[str, Any]] = None) -> AsyncIterator[Any]:
        raise NotImplementedError

    async def healthz(self,
            *, min_position: Optional[str] = None) -> Text:
        """Whether the process is alive."""
        return cast("Text", await self._call(
            _HEALTHZ,
            headers={"Titer-Min-Position": min_position}))

    async def readyz(self,
            *, min_position: Optional[str] = None) -> Text:
        """Whether this replica answers linearizable reads."""
        return cast("Text", await self._call(
            _READYZ,
            headers={"Titer-Min-Position": min_position}))

    async def status(self,
            *, min_position: Optional[str] = None) -> models.Status:
        """This replica: view, clock, position, lease, and where its peers serve HTTP."""
        return cast("models.Status", await self._call(
            _STATUS,
            headers={"Titer-Min-Position": min_position}))

    async def trace(self,
            *, min_position: Optional[str] = None) -> models.Trace:
        """The last frames as this replica saw them: sent, received, stable, safe, executed."""
        return cast("models.Trace", await self._call(
            _TRACE,
            headers={"Titer-Min-Position": min_position}))

    async def control_token(self,
            *, min_position: Optional[str] = None) -> models.ControlToken:
        """The token with which replicas are killed and started without a key."""
        return cast("models.ControlToken", await self._call(
            _CONTROL_TOKEN,
            headers={"Titer-Min-Position": min_position}))

    async def kill_replica(self,
            index: int, *, token: Optional[str] = None) -> models.Message:
        """Kill a replica of a cluster on one machine."""
        return cast("models.Message", await self._call(
            _KILL_REPLICA,
            path=(index,),
            headers={"Titer-Token": token}))

    async def start_replica(self,
            index: int, *, token: Optional[str] = None) -> models.Message:
        """Start a replica of a cluster on one machine."""
        return cast("models.Message", await self._call(
            _START_REPLICA,
            path=(index,),
            headers={"Titer-Token": token}))

    async def list_sites(self,
            *, zip: Optional[str] = None, state: Optional[str] = None, product: Optional[str] = None,
            available: Optional[bool] = None, expired: Optional[bool] = None, q: Optional[str] = None,
            updated_since: Optional[str] = None, closed: Optional[bool] = None, explain: Optional[bool] = None,
            limit: Optional[int] = None, cursor: Optional[str] = None, min_position: Optional[str] = None) -> models.SitePage:
        """A page of sites with their stock, sorted by name."""
        return cast("models.SitePage", await self._call(
            _LIST_SITES,
            query={"zip": zip, "state": state, "product": product, "available": available, "expired": expired, "q": q, "updated_since": updated_since, "closed": closed, "explain": explain, "limit": limit, "cursor": cursor},
            headers={"Titer-Min-Position": min_position}))

    def iterate_sites(self,
            *, zip: Optional[str] = None, state: Optional[str] = None, product: Optional[str] = None,
            available: Optional[bool] = None, expired: Optional[bool] = None, q: Optional[str] = None,
            updated_since: Optional[str] = None, closed: Optional[bool] = None, explain: Optional[bool] = None,
            limit: Optional[int] = None, cursor: Optional[str] = None, min_position: Optional[str] = None) -> AsyncIterator[models.Site]:
        """A page of sites with their stock, sorted by name: all of them, page by page."""
        return self._rows(
            _LIST_SITES,
            query={"zip": zip, "state": state, "product": product, "available": available, "expired": expired, "q": q, "updated_since": updated_since, "closed": closed, "explain": explain, "limit": limit, "cursor": cursor},
            headers={"Titer-Min-Position": min_position}, rows="sites")

    async def add_site(self,
            name: str, *, actor: Optional[str] = None, idempotency_key: Optional[str] = None,
            id: Optional[str] = None, zip: Optional[str] = None, zip_plus4: Optional[str] = None,
            street: Optional[str] = None, city: Optional[str] = None, state: Optional[str] = None,
            county: Optional[str] = None, phone: Optional[str] = None, info_url: Optional[str] = None,
            booking_url: Optional[str] = None, provider: Optional[str] = None, hours: Optional[str] = None,
            lat: Optional[float] = None, lon: Optional[float] = None,
            status: Optional[Literal['active', 'hidden', 'closed']] = None,
            external_ids: Optional[List[models.ExternalId]] = None, stock: Optional[List[models.NewStock]] = None,
            reason: Optional[str] = None) -> models.Outcome:
        """Add a site."""
        return cast("models.Outcome", await self._call(
            _ADD_SITE,
            headers={"Titer-Actor": actor, "Idempotency-Key": idempotency_key},
            body=_given({"id": id, "name": name, "zip": zip, "zip_plus4": zip_plus4, "street": street, "city": city, "state": state, "county": county, "phone": phone, "info_url": info_url, "booking_url": booking_url, "provider": provider, "hours": hours, "lat": lat, "lon": lon, "status": status, "external_ids": external_ids, "stock": stock, "reason": reason})))

    async def near_sites(self,
            *, zip: Optional[str] = None, lat: Optional[float] = None, lon: Optional[float] = None,
            within: Optional[float] = None, unit: Optional[Literal['mi', 'km']] = None, state: Optional[str] = None,
            product: Optional[str] = None, available: Optional[bool] = None, expired: Optional[bool] = None,
            q: Optional[str] = None, updated_since: Optional[str] = None, closed: Optional[bool] = None,
            explain: Optional[bool] = None, limit: Optional[int] = None, min_position: Optional[str] = None) -> models.NearPage:
        """Sites near a ZIP code or point, nearest first."""
        return cast("models.NearPage", await self._call(
            _NEAR_SITES,
            query={"zip": zip, "lat": lat, "lon": lon, "within": within, "unit": unit, "state": state, "product": product, "available": available, "expired": expired, "q": q, "updated_since": updated_since, "closed": closed, "explain": explain, "limit": limit},
            headers={"Titer-Min-Position": min_position}))

    async def get_site(self,
            id: str, *, min_position: Optional[str] = None) -> models.Site:
        """One site with its stock."""
        return cast("models.Site", await self._call(
            _GET_SITE,
            path=(id,),
            headers={"Titer-Min-Position": min_position}))

    async def edit_site(self,
            id: str, *, if_match: Optional[str] = None, actor: Optional[str] = None,
            idempotency_key: Optional[str] = None, if_none_match: Optional[str] = None, name: Optional[str] = None,
            zip: Optional[str] = None, zip_plus4: Optional[str] = None, street: Optional[str] = None,
            city: Optional[str] = None, state: Optional[str] = None, county: Optional[str] = None,
            phone: Optional[str] = None, info_url: Optional[str] = None, booking_url: Optional[str] = None,
            provider: Optional[str] = None, hours: Optional[str] = None, lat: Optional[float] = None,
            lon: Optional[float] = None, status: Optional[Literal['active', 'hidden', 'closed']] = None,
            external_ids: Optional[List[models.ExternalId]] = None, reason: Optional[str] = None) -> models.Outcome:
        """Change fields of a site; an absent field is left unchanged, null or an empty text clears it."""
        return cast("models.Outcome", await self._call(
            _EDIT_SITE,
            path=(id,),
            headers={"If-Match": if_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key, "If-None-Match": if_none_match},
            body=_given({"name": name, "zip": zip, "zip_plus4": zip_plus4, "street": street, "city": city, "state": state, "county": county, "phone": phone, "info_url": info_url, "booking_url": booking_url, "provider": provider, "hours": hours, "lat": lat, "lon": lon, "status": status, "external_ids": external_ids, "reason": reason})))

    async def close_site(self,
            id: str, *, if_match: Optional[str] = None, reason: Optional[str] = None, actor: Optional[str] = None,
            idempotency_key: Optional[str] = None, if_none_match: Optional[str] = None) -> models.Outcome:
        """Close a site; it stays in history and can be undone."""
        return cast("models.Outcome", await self._call(
            _CLOSE_SITE,
            path=(id,),
            query={"reason": reason},
            headers={"If-Match": if_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key, "If-None-Match": if_none_match}))

    async def set_stock(self,
            id: str, product: str, availability: models.Claimed, *, if_match: Optional[str] = None,
            if_none_match: Optional[str] = None, actor: Optional[str] = None, idempotency_key: Optional[str] = None,
            valid_at: Optional[str] = None, source: Optional[str] = None, reason: Optional[str] = None) -> models.Outcome:
        """Log the stock of a site."""
        return cast("models.Outcome", await self._call(
            _SET_STOCK,
            path=(id, product,),
            headers={"If-Match": if_match, "If-None-Match": if_none_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key},
            body=_given({"availability": availability, "valid_at": valid_at, "source": source, "reason": reason})))

    async def adjust_stock(self,
            id: str, product: str, by: int, *, if_match: Optional[str] = None, actor: Optional[str] = None,
            idempotency_key: Optional[str] = None, if_none_match: Optional[str] = None, reason: Optional[str] = None) -> models.Outcome:
        """Add to a count, or subtract from it; never below 0."""
        return cast("models.Outcome", await self._call(
            _ADJUST_STOCK,
            path=(id, product,),
            headers={"If-Match": if_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key, "If-None-Match": if_none_match},
            body=_given({"by": by, "reason": reason})))

    async def reserve_stock(self,
            id: str, product: str, *, if_match: Optional[str] = None, actor: Optional[str] = None,
            idempotency_key: Optional[str] = None, if_none_match: Optional[str] = None, doses: Optional[int] = None,
            reason: Optional[str] = None) -> models.Outcome:
        """Take doses from a count, atomically: never more than there are."""
        return cast("models.Outcome", await self._call(
            _RESERVE_STOCK,
            path=(id, product,),
            headers={"If-Match": if_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key, "If-None-Match": if_none_match},
            body=_given({"doses": doses, "reason": reason})))

    async def release_stock(self,
            id: str, product: str, *, if_match: Optional[str] = None, actor: Optional[str] = None,
            idempotency_key: Optional[str] = None, if_none_match: Optional[str] = None, doses: Optional[int] = None,
            reason: Optional[str] = None) -> models.Outcome:
        """Return reserved doses."""
        return cast("models.Outcome", await self._call(
            _RELEASE_STOCK,
            path=(id, product,),
            headers={"If-Match": if_match, "Titer-Actor": actor, "Idempotency-Key": idempotency_key, "If-None-Match": if_none_match},
            body=_given({"doses": doses, "reason": reason})))

    async def site_history(self,
            id: str, *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> models.EventPage:
        """The events of a site, newest first."""
        return cast("models.EventPage", await self._call(
            _SITE_HISTORY,
            path=(id,),
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}))

    def iterate_site_history(self,
            id: str, *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> AsyncIterator[models.Event]:
        """The events of a site, newest first: all of them, page by page."""
        return self._rows(
            _SITE_HISTORY,
            path=(id,),
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}, rows="events")

    async def list_events(self,
            *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> models.EventPage:
        """The events of all sites, newest first."""
        return cast("models.EventPage", await self._call(
            _LIST_EVENTS,
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}))

    def iterate_events(self,
            *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> AsyncIterator[models.Event]:
        """The events of all sites, newest first: all of them, page by page."""
        return self._rows(
            _LIST_EVENTS,
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}, rows="events")

    async def undo(self,
            position: int, *, actor: Optional[str] = None, idempotency_key: Optional[str] = None,
            reason: Optional[str] = None) -> models.Outcome:
        """Revert the change of an event."""
        return cast("models.Outcome", await self._call(
            _UNDO,
            path=(position,),
            headers={"Titer-Actor": actor, "Idempotency-Key": idempotency_key},
            body=_given({"reason": reason})))

    async def export(self,
            *, format: Optional[Literal['csv', 'ndjson', 'geojson']] = None, min_position: Optional[str] = None) -> Text:
        """All open sites as a file, as they were at one position."""
        return cast("Text", await self._call(
            _EXPORT,
            query={"format": format},
            headers={"Titer-Min-Position": min_position}))

    async def import_(self,
            body: Union[str, bytes], *,
            format: Optional[Literal['csv', 'ndjson', 'smart', 'cdc', 'national', 'therapeutics', 'inventory']] = None,
            map: Optional[str] = None, dry_run: Optional[bool] = None, label: Optional[str] = None,
            actor: Optional[str] = None, content_type: str = "text/csv") -> models.ImportReport:
        """Adds and updates sites from a file of any length."""
        return cast("models.ImportReport", await self._call(
            _IMPORT,
            query={"format": format, "map": map, "dry_run": dry_run, "label": label},
            headers={"Titer-Actor": actor, "Content-Type": content_type},
            body=body))

    async def imports(self,
            *, min_position: Optional[str] = None) -> models.Imports:
        """The progress of the imports of this replica."""
        return cast("models.Imports", await self._call(
            _IMPORTS,
            headers={"Titer-Min-Position": min_position}))

    async def smart_manifest(self,
            *, since: Optional[str] = None, min_position: Optional[str] = None, expired: Optional[bool] = None) -> models.SmartManifest:
        """Manifest of the SMART Scheduling Links feed."""
        return cast("models.SmartManifest", await self._call(
            _SMART_MANIFEST,
            query={"_since": since, "expired": expired},
            headers={"Titer-Min-Position": min_position}))

    async def smart_file(self,
            publication: str, file: str, *, since: Optional[str] = None, min_position: Optional[str] = None) -> Text:
        """One file of a SMART publication."""
        return cast("Text", await self._call(
            _SMART_FILE,
            path=(publication, file,),
            query={"_since": since},
            headers={"Titer-Min-Position": min_position}))

    async def metrics(self,
            *, min_position: Optional[str] = None) -> Text:
        """For Prometheus."""
        return cast("Text", await self._call(
            _METRICS,
            headers={"Titer-Min-Position": min_position}))

    async def list_keys(self,
            *, limit: Optional[int] = None, after: Optional[str] = None, min_position: Optional[str] = None) -> models.KeyPage:
        """Keys, including expired and revoked ones, in the order of their ids."""
        return cast("models.KeyPage", await self._call(
            _LIST_KEYS,
            query={"limit": limit, "after": after},
            headers={"Titer-Min-Position": min_position}))

    def iterate_keys(self,
            *, limit: Optional[int] = None, after: Optional[str] = None, min_position: Optional[str] = None) -> AsyncIterator[models.Key]:
        """Keys, including expired and revoked ones, in the order of their ids: all of them, page by page."""
        return self._rows(
            _LIST_KEYS,
            query={"limit": limit, "after": after},
            headers={"Titer-Min-Position": min_position}, rows="keys")

    async def create_key(self,
            owner: str, role: Literal['reader', 'provider', 'jurisdiction', 'aggregator', 'auditor', 'operator'], *,
            scope: Optional[List[str]] = None, sites_max: Optional[int] = None, expires: Optional[str] = None,
            reason: Optional[str] = None) -> models.CreatedKey:
        """Create a key."""
        return cast("models.CreatedKey", await self._call(
            _CREATE_KEY,
            body=_given({"owner": owner, "role": role, "scope": scope, "sites_max": sites_max, "expires": expires, "reason": reason})))

    async def key_history(self,
            *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> models.EventPage:
        """Keys made and revoked, writes stopped and allowed, newest first."""
        return cast("models.EventPage", await self._call(
            _KEY_HISTORY,
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}))

    def iterate_key_history(self,
            *, limit: Optional[int] = None, before: Optional[int] = None, min_position: Optional[str] = None) -> AsyncIterator[models.Event]:
        """Keys made and revoked, writes stopped and allowed, newest first: all of them, page by page."""
        return self._rows(
            _KEY_HISTORY,
            query={"limit": limit, "before": before},
            headers={"Titer-Min-Position": min_position}, rows="events")

    async def revoke_key(self,
            id: str, *, reason: Optional[str] = None) -> models.Outcome:
        """Revoke a key, for good."""
        return cast("models.Outcome", await self._call(
            _REVOKE_KEY,
            path=(id,),
            query={"reason": reason}))

    async def get_writes(self,
            *, min_position: Optional[str] = None) -> models.WriteSwitch:
        """Whether writes are stopped."""
        return cast("models.WriteSwitch", await self._call(
            _GET_WRITES,
            headers={"Titer-Min-Position": min_position}))

    async def set_writes(self,
            stopped: bool, *, reason: Optional[str] = None) -> models.Outcome:
        """Stop all writes while reads continue, or allow them again."""
        return cast("models.Outcome", await self._call(
            _SET_WRITES,
            body=_given({"stopped": stopped, "reason": reason})))
