// SPDX-License-Identifier: Apache-2.0

// The types of docs/reference/openapi.json, made by openapi-typescript (npm run generate). Change those, not this file.

export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process is alive */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether this replica answers linearizable reads */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This replica: view, clock, position, lease, and where its peers serve HTTP */
        get: operations["status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trace": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last frames as this replica saw them: sent, received, stable, safe, executed */
        get: operations["trace"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/cluster/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The token with which replicas are killed and started without a key
         * @description Only with `titer cluster`, from its own machine, and for the pages of its replicas under their own names. It is the same at all replicas, and another one after the cluster was started again.
         */
        get: operations["control_token"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/cluster/replicas/{index}/kill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Kill a replica of a cluster on one machine
         * @description Only with `titer cluster`, and only from its own machine. A request without a key needs the token of `GET /api/v1/cluster/token`, which other sites' pages can neither read nor send.
         */
        post: operations["kill_replica"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/cluster/replicas/{index}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a replica of a cluster on one machine
         * @description Only with `titer cluster`, and only from its own machine. A request without a key needs the token of `GET /api/v1/cluster/token`, which other sites' pages can neither read nor send.
         */
        post: operations["start_replica"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of sites with their stock, sorted by name */
        get: operations["list_sites"];
        put?: never;
        /** Add a site */
        post: operations["add_site"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/near": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sites near a ZIP code or point, nearest first */
        get: operations["near_sites"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One site with its stock */
        get: operations["get_site"];
        put?: never;
        post?: never;
        /** Close a site; it stays in history and can be undone */
        delete: operations["close_site"];
        options?: never;
        head?: never;
        /** Change fields of a site; an absent field is left unchanged, null or an empty text clears it */
        patch: operations["edit_site"];
        trace?: never;
    };
    "/api/v1/sites/{id}/stock/{product}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Log the stock of a site */
        put: operations["set_stock"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{id}/stock/{product}/adjust": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add to a count, or subtract from it; never below 0 */
        post: operations["adjust_stock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{id}/stock/{product}/reserve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take doses from a count, atomically: never more than there are */
        post: operations["reserve_stock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{id}/stock/{product}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Return reserved doses */
        post: operations["release_stock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The events of a site, newest first */
        get: operations["site_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The events of all sites, newest first */
        get: operations["list_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/{position}/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Revert the change of an event */
        post: operations["undo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every change, once, in order, as it happens */
        get: operations["changes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Find as plain HTML, for browsers without script */
        get: operations["find"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All open sites as a file, as they were at one position */
        get: operations["export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Adds and updates sites from a file of any length
         * @description Each row is applied completely or not at all; the same file again changes nothing. The upload is as fast as the rows are processed. The answer comes when all rows are done; until then GET /api/v1/imports shows the progress. A file of which nothing was taken is answered with 422 `nothing_taken` and the report.
         */
        post: operations["import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/imports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The progress of the imports of this replica
         * @description Running imports and the last 16 that have ended, newest first.
         */
        get: operations["imports"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/smart/$bulk-publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Manifest of the SMART Scheduling Links feed
         * @description Updated at most once a minute. Also as %24bulk-publish.
         */
        get: operations["smart_manifest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/smart/{publication}/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One file of a SMART publication */
        get: operations["smart_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** For Prometheus */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys, including expired and revoked ones, in the order of their ids */
        get: operations["list_keys"];
        put?: never;
        /** Create a key */
        post: operations["create_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys made and revoked, writes stopped and allowed, newest first */
        get: operations["key_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a key, for good */
        delete: operations["revoke_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/writes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether writes are stopped */
        get: operations["get_writes"];
        /** Stop all writes while reads continue, or allow them again */
        put: operations["set_writes"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A claim: a number of doses, yes, no or unknown; never turned into one another. */
        Availability: number | boolean | "unknown";
        /** @description A number of doses, in the form of an object. */
        Count: {
            count: number;
        };
        /** @description An availability as answers have it, or a word. */
        PlainClaim: number | boolean | ("yes" | "no" | "unknown");
        /** @description An availability as requests have it. The object is for programs whose language has no unions. */
        Claimed: components["schemas"]["Count"] | components["schemas"]["PlainClaim"];
        StockLine: {
            /** @description CVX code, NDC in 5-4-2 digits, or `any`; `.vfc` behind a code: for the program Vaccines for Children. */
            product: string;
            /** @description The vaccine in a pack (when `product` is its NDC). */
            cvx?: string;
            availability: components["schemas"]["Availability"];
            /**
             * Format: date-time
             * @description As of when the claim was true. Doses that are moved do not change it.
             */
            valid_at?: string;
            /**
             * Format: date-time
             * @description When the value last differed, by a claim or because doses were moved.
             */
            changed_at?: string;
            /**
             * Format: date-time
             * @description When it was last claimed, changed or not.
             */
            checked_at?: string;
            source?: string;
            updated_by?: string;
            version: number;
            /** @enum {string} */
            freshness: "unknown" | "fresh" | "stale" | "expired";
        };
        Site: {
            id: string;
            name: string;
            zip?: string;
            zip_plus4?: string;
            street?: string;
            city?: string;
            state?: string;
            /** @description Without one of its own, that of the ZIP code. */
            county?: string;
            /** @description Of the ZIP code, or else of most of the state: an IANA name. */
            time_zone?: string;
            /** @description What nobody has said, and the ZIP code says. */
            from_zip?: "county"[];
            phone?: string;
            /** @description An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused. */
            info_url?: string;
            /** @description An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused. */
            booking_url?: string;
            provider?: string;
            hours?: string;
            lat?: number;
            lon?: number;
            /** @enum {string} */
            status: "active" | "hidden" | "closed";
            external_ids?: components["schemas"]["ExternalId"][];
            /** @description Those of external_ids that a provider claims and nobody has confirmed. Imports do not find the site by them. Absent if there are none. */
            unverified_external_ids?: components["schemas"]["ExternalId"][];
            /** @enum {string} */
            point?: "given" | "zip_centroid";
            version: number;
            /** Format: date-time */
            created_at?: string;
            created_by?: string;
            /** Format: date-time */
            updated_at?: string;
            updated_by?: string;
            stock: components["schemas"]["StockLine"][];
        };
        /** @description What the replica looked at; present when `explain` asks for it. */
        Explanation: {
            /** @description The indexes along which it looked: of places in rings around the center; of products, a state or a ZIP code; of names, or only those blocks of it in which the text may occur. */
            indexes: ("names" | "text" | "zip" | "state" | "products" | "places")[];
            /** @description Rows that it looked at, or what takes as long. */
            rows: number;
            /** @description Into how many steps the answer was divided, so that it did not hold up others. */
            steps: number;
        };
        SitePage: {
            sites: components["schemas"]["Site"][];
            links: components["schemas"]["Links"];
            explain?: components["schemas"]["Explanation"];
        };
        NearPage: {
            center: components["schemas"]["Center"];
            /** @description Other sites fit as well, farther away than all that are listed: raise limit, up to 2,000. */
            more: boolean;
            sites: components["schemas"]["NearSite"][];
            explain?: components["schemas"]["Explanation"];
        };
        Links: {
            /** @description The next page; absent on the last one. */
            next?: string;
        };
        SiteFields: {
            name?: string;
            zip?: string;
            zip_plus4?: string;
            street?: string;
            city?: string;
            state?: string;
            county?: string;
            phone?: string;
            /** @description An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused. */
            info_url?: string;
            /** @description An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused. */
            booking_url?: string;
            provider?: string;
            hours?: string;
            lat?: number;
            lon?: number;
            /** @enum {string} */
            status?: "active" | "hidden" | "closed";
            external_ids?: components["schemas"]["ExternalId"][];
            reason?: string;
        };
        NewSite: {
            id?: string;
            name: string;
            zip?: string;
            zip_plus4?: string;
            street?: string;
            city?: string;
            state?: string;
            county?: string;
            phone?: string;
            /** @description An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused. */
            info_url?: string;
            /** @description An http, https, mailto or tel address, or without a scheme (example.org/book). Another scheme is refused. */
            booking_url?: string;
            provider?: string;
            hours?: string;
            lat?: number;
            lon?: number;
            /** @enum {string} */
            status?: "active" | "hidden" | "closed";
            external_ids?: components["schemas"]["ExternalId"][];
            stock?: components["schemas"]["NewStock"][];
            reason?: string;
        };
        /** @description An object, or the availability alone, which is then no object itself. */
        Claim: components["schemas"]["StockClaim"] | components["schemas"]["PlainClaim"];
        Event: {
            position: number;
            /** @description Counts the events of this position, from 0, which is left out. A new site with stock has two events. */
            part?: number;
            /** Format: date-time */
            time: string;
            /** @enum {string} */
            kind: "add_site" | "edit_site" | "close_site" | "set" | "adjust" | "reserve" | "release" | "undo" | "import" | "create_key" | "revoke_key" | "set_write_stop";
            actor?: string;
            /** @description Absent of events on keys and on the switch, which only auditors and operators see. */
            site_id?: string;
            product?: string;
            before?: components["schemas"]["Availability"];
            after?: components["schemas"]["Availability"];
            /** @description Changed fields: [before, after]. */
            fields?: {
                [key: string]: string[];
            };
            reason?: string;
            idempotency_key?: string;
            reverts?: number;
        };
        EventPage: {
            events: components["schemas"]["Event"][];
            /** @description Events up to this position may be missing, because they were removed; 0: none is. */
            removed: number;
            links: components["schemas"]["Links"];
        };
        Outcome: {
            /** @constant */
            ok: true;
            position: number;
            /** @description false: it was so already */
            changed: boolean;
            created?: boolean;
            site_id?: string;
            site_version?: number;
            before?: components["schemas"]["Availability"];
            after?: components["schemas"]["Availability"];
            stock_version?: number;
        };
        Problem: {
            type: string;
            title: string;
            status: number;
            /** @description For programs. */
            code: string;
            /** @description For people: what is wrong and what to do. */
            detail: string;
            site_id?: string;
            site_version?: number;
            current?: components["schemas"]["Availability"];
            stock_version?: number;
            oldest?: number;
        };
        ImportReport: {
            format?: string;
            dry_run: boolean;
            rows: number;
            added: number;
            updated: number;
            unchanged: number;
            out_of_date?: number;
            rejected: number;
            notes?: number;
            /** @description Rows of blank fields alone. */
            blank?: number;
            errors_not_shown?: number;
            notes_not_shown?: number;
            position?: number;
            seconds?: number;
            /** @description Rows that were left out. */
            errors: components["schemas"]["ImportRemark"][];
            /** @description Repairs and suspicious values in rows that were taken. */
            remarks: components["schemas"]["ImportRemark"][];
        };
        ImportRun: {
            number: number;
            label?: string;
            /**
             * @description gone: its client went away before the end.
             * @enum {string}
             */
            state: "running" | "done" | "failed" | "gone";
            format?: string;
            dry_run: boolean;
            bytes_read: number;
            /** @description Of the whole upload, when its length was said. */
            bytes_to_read?: number;
            /** @description Read so far. */
            rows: number;
            rows_answered: number;
            added: number;
            updated: number;
            unchanged: number;
            rejected: number;
            seconds: number;
            rows_per_second?: number;
            /** @description While it runs, when the length is known. */
            seconds_left?: number;
        };
        SmartManifest: {
            /** Format: date-time */
            transactionTime: string;
            request: string;
            output: {
                /** @enum {string} */
                type: "Location" | "Schedule" | "Slot";
                url: string;
                extension?: Record<string, never>;
            }[];
            error?: Record<string, never>[];
            extension?: {
                sitesLeftOut?: number;
            };
        };
        Key: {
            id: string;
            /** @description The actor of its requests. */
            owner: string;
            /** @enum {string} */
            role: "reader" | "provider" | "jurisdiction" | "aggregator" | "auditor" | "operator";
            /** @description Of a provider: ids of sites. Of a jurisdiction: states and ZIP codes, or their first digits. Of an aggregator: its source. */
            scope?: string[];
            /** Format: date-time */
            created: string;
            created_by?: string;
            /** Format: date-time */
            expires?: string;
            /** Format: date-time */
            revoked?: string;
            /** @description Sites that it may add, if it was made with a number of its own; 5000 without. */
            sites_max?: number;
        };
        WriteSwitch: {
            stopped: boolean;
            reason?: string;
            by?: string;
            /** Format: date-time */
            since?: string;
        };
        Adjustment: {
            by: number;
            reason?: string;
        };
        Doses: {
            /** @default 1 */
            doses?: number;
            reason?: string;
        };
        Reason: {
            reason?: string;
        };
        NewKey: {
            owner: string;
            /** @enum {string} */
            role: "reader" | "provider" | "jurisdiction" | "aggregator" | "auditor" | "operator";
            /** @description Of a provider: ids of sites. Of a jurisdiction: states and ZIP codes, or their first digits. Of an aggregator: its source. */
            scope?: string[];
            /** @description Of a jurisdiction or an aggregator: how many sites it may add. 0, or none: 5000. */
            sites_max?: number;
            /** Format: date-time */
            expires?: string;
            reason?: string;
        };
        WriteOrder: {
            stopped: boolean;
            reason?: string;
        };
        CreatedKey: {
            id: string;
            /** @description The secret; it is shown only here. */
            key: string;
        };
        KeyPage: {
            keys: components["schemas"]["Key"][];
            links: components["schemas"]["Links"];
        };
        Imports: {
            imports: components["schemas"]["ImportRun"][];
        };
        ControlToken: {
            token: string;
        };
        /** @description More members than these may come with a later version. Those that are not required depend on how the replica runs; docs/how-to/operations.md explains the names. */
        Status: {
            /** @description The program: its version, and the commit that it was built from with its date; unknown where it was not built from a commit. */
            build: {
                version: string;
                commit: string;
                date: string;
            };
            cluster: string;
            replica: number;
            incarnation?: string;
            pid?: number;
            address?: string;
            local_socket?: string;
            full: boolean;
            wedged?: boolean;
            view: number;
            target?: number;
            members: {
                id: number;
                address: string;
                incarnation: string;
            }[];
            register?: {
                kind: string;
                reachable: boolean;
                writable: boolean;
            };
            clock?: number;
            /** @description Requests that it has executed. */
            position: number;
            executed?: number;
            /** @description Of its state; equal at replicas of one position. */
            digest?: string;
            dispute?: string;
            disputed?: boolean;
            time_ms?: number;
            clock_ahead_ms?: number;
            clock_fault?: string;
            clock_wrong?: boolean;
            sites?: number;
            active_sites?: number;
            stock_lines?: number;
            events?: number;
            sessions?: number;
            /** @description How full the memory of idempotency keys is, and how long a retry is safe now. */
            idempotency?: {
                records: number;
                bytes: number;
                bytes_max: number;
                retry_safe_s: number;
                retry_safe_min_s: number;
            };
            frames_sent?: number;
            null_frames_sent?: number;
            frames_executed?: number;
            frames_held?: number;
            pending_requests?: number;
            peer_messages_sent?: number;
            death_notices?: number;
            clients?: number;
            direct_clients?: number;
            active_direct_clients?: number;
            reads_answered?: number;
            lease: boolean;
            learned?: number;
            learned_percent?: number;
            data_losses?: Record<string, never>[];
            keys?: boolean;
            writes_stopped: boolean;
            memory_bytes?: number;
            uptime_ms?: number;
            connections?: {
                clients_max: number;
                clients_per_address_max: number;
                newcomers: number;
                gave_way: number;
                turned_away: number;
                watchers: number;
                watchers_fallen_behind: number;
                descriptors_max: number;
            };
            limits?: {
                requests_per_key: {
                    per_second: number;
                    this_machine: boolean;
                };
                requests_per_address: {
                    per_second: number;
                    this_machine: boolean;
                };
            };
            lags?: {
                id: number;
                ms: number;
                limps: boolean;
            }[];
            durability?: string;
            disk_full?: boolean;
            syncs?: number;
            sync_us?: number;
            sync_us_max?: number;
            journal_records?: number;
            journal_record_bytes?: number;
            journal_written_bytes?: number;
            journal_group_bytes_max?: number;
            journal_segments?: number;
            journal_held_bytes?: number;
            tables_position?: number;
            tables_written?: number;
            scrub_sites?: number;
            scrub_rows?: number;
            scrub_rounds?: number;
            scrub_mismatches?: number;
            /** @description Where it serves HTTP. */
            http?: {
                address: string;
                workers: number;
                connections: number;
                accepted: number;
                turned_away: number;
                gave_way: number;
                connections_max: number;
                connections_per_address_max: number;
                requests: number;
                listeners: number;
            };
            /** @description Where the members of the view serve HTTP, as far as this replica knows it. */
            peers?: {
                index: number;
                http: string;
            }[];
            cluster_control?: boolean;
        };
        Trace: {
            replica: number;
            /** @description The clock of the times below, when this was answered. */
            now_us: number;
            frames: components["schemas"]["TracedFrame"][];
        };
        Message: {
            message: string;
        };
        StockClaim: {
            availability: components["schemas"]["Claimed"];
            /**
             * Format: date-time
             * @description True as of then; older than what is stored: 409 out_of_date; up to a day ahead counts as now, further ahead is refused. A date alone is midnight, UTC; a time without a zone is UTC.
             */
            valid_at?: string;
            source?: string;
            reason?: string;
        };
        NewStock: {
            product?: string;
            availability: components["schemas"]["Claimed"];
            /** Format: date-time */
            valid_at?: string;
            source?: string;
        };
        NearSite: components["schemas"]["Site"] & {
            distance: number;
            distance_m: number;
            /** @enum {string} */
            unit: "mi" | "km";
        };
        /** @description Where the distances begin. */
        Center: {
            lat: number;
            lon: number;
            /** @description The town of the ZIP code that was asked for. */
            city?: string;
            /** @description Its state. */
            state?: string;
        };
        ImportRemark: {
            line: number;
            field?: string;
            why: string;
            value?: string;
        };
        /** @description A system, and the site's id in it. */
        ExternalId: string[];
        TracedFrame: {
            from: number;
            view: number;
            seq: number;
            clock: number;
            requests: number;
            sent_us?: number;
            received_us?: number;
            stable_us?: number;
            safe_us?: number;
            executed_us?: number;
        };
    };
    responses: {
        /** @description The request cannot be parsed; `detail` names the parameter or member. */
        p400: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request needs a valid key (unauthorized): there are keys, and the request has none, or an unknown, revoked or expired one. */
        p401: {
            headers: {
                "WWW-Authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The key's role or scope does not allow it (forbidden); or a page of another site tried to write (cross_site). */
        p403: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such site, stock line, event or address. */
        p404: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request, or the next piece of an upload, did not come in time (too_slow). */
        p408: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request conflicts with the current state: duplicate, out_of_date, not_enough, not_a_count, closed; `current` describes it. */
        p409: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The history does not reach back that far: older events were removed. For the change stream `oldest` says where it begins. */
        p410: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The version has changed (stale_version). */
        p412: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is too large. */
        p413: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body must be application/json. */
        p415: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request can be parsed but is not valid: a field's value, an unknown ZIP code. */
        p422: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests of this key or address, or no more idempotency keys can be remembered (too_many_requests); or too many connections of this address (too_many_connections). */
        p429: {
            headers: {
                /** @description Seconds. */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The header is too large. */
        p431: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description This replica cannot answer now: ask again (Retry-After), or ask another replica. */
        p503: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request was sent, but its outcome is not known. Repeat it with the same Idempotency-Key, or look first. */
        p504: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description The site. */
        id: string;
        /** @description Vaccine or pack: CVX code (208), NDC code, trade name of one vaccine, or `any`. */
        product: string;
        /** @description Only this ZIP code, leading zeros kept. */
        zip: string;
        /** @description Only this state: two capitals. */
        state: string;
        /** @description Only sites that have this: a vaccine with its packs (CVX), a pack (NDC), `any`, or all vaccines of a trade name or a group (flu, covid, rsv, mmr, hpv, tdap, mpox, …). What it does not know is refused with what is near. */
        productQuery: string;
        /** @description Only where there is some: yes, or a count above 0, by a claim that has not expired. */
        available: boolean;
        /** @description With `available`: also by claims that are older than 29 days. */
        expired: boolean;
        /** @description Part of the name; letters' case is ignored. */
        q: string;
        /** @description Only sites updated since then. */
        updatedSince: string;
        /** @description Closed and hidden sites too. */
        closed: boolean;
        /** @description The answer says what the replica looked at. */
        explain: boolean;
        /** @description Rows of one page. */
        limit: number;
        /** @description From `links.next` of the page before. */
        cursor: string;
        /** @description Only events with a lower position. */
        before: number;
        /** @description Why, for the history. */
        reason: string;
        /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
        minPosition: string;
        /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
        ifNoneMatch: string;
        /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
        ifMatch: string;
        /** @description Who does this, for the history. */
        actor: string;
        /** @description The same request with the same key is executed once, no matter to which replicas it is sent, and gets the first outcome. A retry is safe for 24 hours (status: idempotency.retry_safe_s). With another request the key is refused (422, idempotency_key_reused). */
        key: string;
    };
    requestBodies: never;
    headers: {
        /** @description Position of the state that was read or written; send it as Titer-Min-Position to other replicas, best as POSITION-STREAM. */
        "Titer-Position": number;
        /** @description To which positions belong: another one after a restore from a backup, and after a restart with a loss of writes that was accepted. */
        "Titer-Stream": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    healthz: {
        parameters: {
            query?: never;
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ok */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example ok */
                    "text/plain": string;
                };
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            503: components["responses"]["p503"];
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ready */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example ready */
                    "text/plain": string;
                };
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            503: components["responses"]["p503"];
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "openapi": "3.1.0",
                     *       "info": {
                     *         "title": "titer",
                     *         "version": "1"
                     *       },
                     *       "paths": {}
                     *     }
                     */
                    "application/json": Record<string, never>;
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
        };
    };
    status: {
        parameters: {
            query?: never;
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Names are explained in docs/how-to/operations.md. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "build": {
                     *         "version": "0.2.0",
                     *         "commit": "unknown",
                     *         "date": "unknown"
                     *       },
                     *       "cluster": "98056a86fd29bc31",
                     *       "replica": 0,
                     *       "incarnation": "54c4e61ef84176cd",
                     *       "pid": 8392,
                     *       "address": "127.0.0.1:8892",
                     *       "local_socket": "/var/lib/titer/replica-0.sock",
                     *       "full": true,
                     *       "wedged": false,
                     *       "view": 0,
                     *       "target": 0,
                     *       "members": [
                     *         {
                     *           "id": 0,
                     *           "address": "127.0.0.1:8892",
                     *           "incarnation": "54c4e61ef84176cd"
                     *         },
                     *         {
                     *           "id": 1,
                     *           "address": "127.0.0.1:8893",
                     *           "incarnation": "ef5ef84a1b182513"
                     *         },
                     *         {
                     *           "id": 2,
                     *           "address": "127.0.0.1:8894",
                     *           "incarnation": "215f9927ea447859"
                     *         }
                     *       ],
                     *       "register": {
                     *         "kind": "supervisor",
                     *         "reachable": true,
                     *         "writable": true
                     *       },
                     *       "clock": 0,
                     *       "position": 0,
                     *       "executed": 0,
                     *       "digest": "6cc595232fb0f50c",
                     *       "dispute": "",
                     *       "disputed": false,
                     *       "time_ms": 1796056117958,
                     *       "clock_ahead_ms": -1,
                     *       "clock_fault": "",
                     *       "clock_wrong": false,
                     *       "sites": 0,
                     *       "active_sites": 0,
                     *       "stock_lines": 0,
                     *       "events": 0,
                     *       "sessions": 0,
                     *       "idempotency": {
                     *         "records": 0,
                     *         "bytes": 0,
                     *         "bytes_max": 268435456,
                     *         "retry_safe_s": 86400,
                     *         "retry_safe_min_s": 3600
                     *       },
                     *       "frames_sent": 0,
                     *       "null_frames_sent": 0,
                     *       "frames_executed": 0,
                     *       "frames_held": 0,
                     *       "pending_requests": 0,
                     *       "peer_messages_sent": 2,
                     *       "death_notices": 0,
                     *       "clients": 1,
                     *       "direct_clients": 0,
                     *       "active_direct_clients": 0,
                     *       "reads_answered": 1,
                     *       "lease": true,
                     *       "learned": 0,
                     *       "learned_percent": 0,
                     *       "data_losses": [],
                     *       "keys": false,
                     *       "writes_stopped": false,
                     *       "memory_bytes": 27840512,
                     *       "uptime_ms": 3320,
                     *       "connections": {
                     *         "clients_max": 4096,
                     *         "clients_per_address_max": 1024,
                     *         "newcomers": 0,
                     *         "gave_way": 0,
                     *         "turned_away": 0,
                     *         "watchers": 0,
                     *         "watchers_fallen_behind": 0,
                     *         "descriptors_max": 20000
                     *       },
                     *       "limits": {
                     *         "requests_per_key": {
                     *           "per_second": 100,
                     *           "this_machine": false
                     *         },
                     *         "requests_per_address": {
                     *           "per_second": 200,
                     *           "this_machine": false
                     *         }
                     *       },
                     *       "lags": [
                     *         {
                     *           "id": 1,
                     *           "ms": 0,
                     *           "limps": false
                     *         },
                     *         {
                     *           "id": 2,
                     *           "ms": 0,
                     *           "limps": false
                     *         }
                     *       ],
                     *       "durability": "disk",
                     *       "disk_full": false,
                     *       "syncs": 0,
                     *       "sync_us": 0,
                     *       "sync_us_max": 0,
                     *       "journal_records": 0,
                     *       "journal_record_bytes": 0,
                     *       "journal_written_bytes": 0,
                     *       "journal_group_bytes_max": 0,
                     *       "journal_segments": 2,
                     *       "journal_held_bytes": 0,
                     *       "tables_position": 0,
                     *       "tables_written": 0,
                     *       "scrub_sites": 0,
                     *       "scrub_rows": 0,
                     *       "scrub_rounds": 0,
                     *       "scrub_mismatches": 0,
                     *       "http": {
                     *         "address": "127.0.0.1:8080",
                     *         "workers": 1,
                     *         "connections": 1,
                     *         "accepted": 3,
                     *         "turned_away": 0,
                     *         "gave_way": 0,
                     *         "connections_max": 10000,
                     *         "connections_per_address_max": 2500,
                     *         "requests": 2,
                     *         "listeners": 0
                     *       },
                     *       "peers": [
                     *         {
                     *           "index": 0,
                     *           "http": "http://127.0.0.1:8080"
                     *         },
                     *         {
                     *           "index": 1,
                     *           "http": "http://127.0.0.1:8081"
                     *         },
                     *         {
                     *           "index": 2,
                     *           "http": "http://127.0.0.1:8082"
                     *         }
                     *       ],
                     *       "cluster_control": true
                     *     }
                     */
                    "application/json": components["schemas"]["Status"];
                };
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
        };
    };
    trace: {
        parameters: {
            query?: never;
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Times are microseconds of one clock for all replicas of a machine. The first request starts the recording; it stops ten seconds after the last. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "replica": 0,
                     *       "now_us": 1889096994,
                     *       "frames": [
                     *         {
                     *           "from": 0,
                     *           "view": 0,
                     *           "seq": 23,
                     *           "clock": 89,
                     *           "requests": 1,
                     *           "sent_us": 1889055102,
                     *           "stable_us": 1889055612,
                     *           "safe_us": 1889055632,
                     *           "executed_us": 1889055632
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Trace"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
        };
    };
    control_token: {
        parameters: {
            query?: never;
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `token`, for the header Titer-Token. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "0000000000000000000000000000000000000000000000000000000000000000"
                     *     }
                     */
                    "application/json": components["schemas"]["ControlToken"];
                };
            };
            400: components["responses"]["p400"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
        };
    };
    kill_replica: {
        parameters: {
            query?: never;
            header?: {
                /** @description The token; a request with a key needs none. */
                "Titer-Token"?: string;
            };
            path: {
                /** @description The replica, from 0. */
                index: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; `message` confirms it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "Replica 2 was killed."
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            409: components["responses"]["p409"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
        };
    };
    start_replica: {
        parameters: {
            query?: never;
            header?: {
                /** @description The token; a request with a key needs none. */
                "Titer-Token"?: string;
            };
            path: {
                /** @description The replica, from 0. */
                index: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done; `message` confirms it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "Replica 2 is starting."
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            409: components["responses"]["p409"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
        };
    };
    list_sites: {
        parameters: {
            query?: {
                /** @description Only this ZIP code, leading zeros kept. */
                zip?: components["parameters"]["zip"];
                /** @description Only this state: two capitals. */
                state?: components["parameters"]["state"];
                /** @description Only sites that have this: a vaccine with its packs (CVX), a pack (NDC), `any`, or all vaccines of a trade name or a group (flu, covid, rsv, mmr, hpv, tdap, mpox, …). What it does not know is refused with what is near. */
                product?: components["parameters"]["productQuery"];
                /** @description Only where there is some: yes, or a count above 0, by a claim that has not expired. */
                available?: components["parameters"]["available"];
                /** @description With `available`: also by claims that are older than 29 days. */
                expired?: components["parameters"]["expired"];
                /** @description Part of the name; letters' case is ignored. */
                q?: components["parameters"]["q"];
                /** @description Only sites updated since then. */
                updated_since?: components["parameters"]["updatedSince"];
                /** @description Closed and hidden sites too. */
                closed?: components["parameters"]["closed"];
                /** @description The answer says what the replica looked at. */
                explain?: components["parameters"]["explain"];
                /** @description Rows of one page. */
                limit?: components["parameters"]["limit"];
                /** @description From `links.next` of the page before. */
                cursor?: components["parameters"]["cursor"];
            };
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match and If-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sites": [
                     *         {
                     *           "id": "elm-street-clinic",
                     *           "name": "Elm Street Clinic",
                     *           "zip": "02139",
                     *           "state": "MA",
                     *           "county": "Middlesex",
                     *           "time_zone": "America/New_York",
                     *           "from_zip": [
                     *             "county"
                     *           ],
                     *           "lat": 42.3647,
                     *           "lon": -71.1042,
                     *           "point": "zip_centroid",
                     *           "phone": "617-555-0100",
                     *           "hours": "Mo-Fr 9-17",
                     *           "status": "active",
                     *           "version": 2,
                     *           "created_at": "2026-11-30T16:28:37.964Z",
                     *           "created_by": "http",
                     *           "updated_at": "2026-11-30T16:28:38.001Z",
                     *           "updated_by": "http",
                     *           "stock": [
                     *             {
                     *               "product": "208",
                     *               "availability": 11,
                     *               "valid_at": "2026-11-30T16:28:37.978Z",
                     *               "changed_at": "2026-11-30T16:28:37.995Z",
                     *               "checked_at": "2026-11-30T16:28:37.978Z",
                     *               "updated_by": "http",
                     *               "version": 5,
                     *               "freshness": "fresh"
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "links": {}
                     *     }
                     */
                    "application/json": components["schemas"]["SitePage"];
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    add_site: {
        parameters: {
            query?: never;
            header?: {
                /** @description Who does this, for the history. */
                "Titer-Actor"?: components["parameters"]["actor"];
                /** @description The same request with the same key is executed once, no matter to which replicas it is sent, and gets the first outcome. A retry is safe for 24 hours (status: idempotency.retry_safe_s). With another request the key is refused (422, idempotency_key_reused). */
                "Idempotency-Key"?: components["parameters"]["key"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Elm Street Clinic",
                 *       "zip": "02139",
                 *       "phone": "617-555-0100"
                 *     }
                 */
                "application/json": components["schemas"]["NewSite"];
            };
        };
        responses: {
            /** @description Added. */
            201: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "position": 1,
                     *       "changed": true,
                     *       "created": true,
                     *       "site_id": "elm-street-clinic",
                     *       "site_version": 1
                     *     }
                     */
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            409: components["responses"]["p409"];
            413: components["responses"]["p413"];
            415: components["responses"]["p415"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    near_sites: {
        parameters: {
            query?: {
                /** @description Around this ZIP code … */
                zip?: string;
                /** @description … or around this point, degrees north */
                lat?: number;
                /** @description and degrees east. */
                lon?: number;
                /** @description Radius, above 0 and at most 500 miles (804 km). */
                within?: number;
                /** @description Of radius and distances. */
                unit?: "mi" | "km";
                /** @description Only this state: two capitals. */
                state?: components["parameters"]["state"];
                /** @description Only sites that have this: a vaccine with its packs (CVX), a pack (NDC), `any`, or all vaccines of a trade name or a group (flu, covid, rsv, mmr, hpv, tdap, mpox, …). What it does not know is refused with what is near. */
                product?: components["parameters"]["productQuery"];
                /** @description Only where there is some: yes, or a count above 0, by a claim that has not expired. */
                available?: components["parameters"]["available"];
                /** @description With `available`: also by claims that are older than 29 days. */
                expired?: components["parameters"]["expired"];
                /** @description Part of the name; letters' case is ignored. */
                q?: components["parameters"]["q"];
                /** @description Only sites updated since then. */
                updated_since?: components["parameters"]["updatedSince"];
                /** @description Closed and hidden sites too. */
                closed?: components["parameters"]["closed"];
                /** @description The answer says what the replica looked at. */
                explain?: components["parameters"]["explain"];
                /** @description Rows of one page. */
                limit?: components["parameters"]["limit"];
            };
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list may be empty; an unknown ZIP code is a 422. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match and If-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "center": {
                     *         "lat": 42.377,
                     *         "lon": -71.1256,
                     *         "city": "Cambridge",
                     *         "state": "MA"
                     *       },
                     *       "sites": [
                     *         {
                     *           "id": "elm-street-clinic",
                     *           "name": "Elm Street Clinic",
                     *           "zip": "02139",
                     *           "state": "MA",
                     *           "county": "Middlesex",
                     *           "time_zone": "America/New_York",
                     *           "from_zip": [
                     *             "county"
                     *           ],
                     *           "lat": 42.3647,
                     *           "lon": -71.1042,
                     *           "point": "zip_centroid",
                     *           "phone": "617-555-0100",
                     *           "hours": "Mo-Fr 9-17",
                     *           "status": "active",
                     *           "version": 2,
                     *           "created_at": "2026-11-30T16:28:37.964Z",
                     *           "created_by": "http",
                     *           "updated_at": "2026-11-30T16:28:38.001Z",
                     *           "updated_by": "http",
                     *           "stock": [
                     *             {
                     *               "product": "208",
                     *               "availability": 11,
                     *               "valid_at": "2026-11-30T16:28:37.978Z",
                     *               "changed_at": "2026-11-30T16:28:37.995Z",
                     *               "checked_at": "2026-11-30T16:28:37.978Z",
                     *               "updated_by": "http",
                     *               "version": 5,
                     *               "freshness": "fresh"
                     *             }
                     *           ],
                     *           "distance_m": 2227.3878045401834,
                     *           "distance": 2.2273878045401836,
                     *           "unit": "km"
                     *         }
                     *       ],
                     *       "more": false
                     *     }
                     */
                    "application/json": components["schemas"]["NearPage"];
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    get_site: {
        parameters: {
            query?: never;
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path: {
                /** @description The site. */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The site. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match and If-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "elm-street-clinic",
                     *       "name": "Elm Street Clinic",
                     *       "zip": "02139",
                     *       "state": "MA",
                     *       "county": "Middlesex",
                     *       "time_zone": "America/New_York",
                     *       "from_zip": [
                     *         "county"
                     *       ],
                     *       "lat": 42.3647,
                     *       "lon": -71.1042,
                     *       "point": "zip_centroid",
                     *       "phone": "617-555-0100",
                     *       "hours": "Mo-Fr 9-17",
                     *       "status": "active",
                     *       "version": 2,
                     *       "created_at": "2026-11-30T16:28:37.964Z",
                     *       "created_by": "http",
                     *       "updated_at": "2026-11-30T16:28:38.001Z",
                     *       "updated_by": "http",
                     *       "stock": [
                     *         {
                     *           "product": "208",
                     *           "availability": 11,
                     *           "valid_at": "2026-11-30T16:28:37.978Z",
                     *           "changed_at": "2026-11-30T16:28:37.995Z",
                     *           "checked_at": "2026-11-30T16:28:37.978Z",
                     *           "updated_by": "http",
                     *           "version": 5,
                     *           "freshness": "fresh"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Site"];
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["p400"];
            404: components["responses"]["p404"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    close_site: {
        parameters: {
            query?: {
                /** @description Why, for the history. */
                reason?: components["parameters"]["reason"];
            };
            header?: {
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
                /** @description Who does this, for the history. */
                "Titer-Actor"?: components["parameters"]["actor"];
                /** @description The same request with the same key is executed once, no matter to which replicas it is sent, and gets the first outcome. A retry is safe for 24 hours (status: idempotency.retry_safe_s). With another request the key is refused (422, idempotency_key_reused). */
                "Idempotency-Key"?: components["parameters"]["key"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
            };
            path: {
                /** @description The site. */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Closed. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "position": 11,
                     *       "changed": true,
                     *       "site_id": "oak",
                     *       "site_version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            409: components["responses"]["p409"];
            412: components["responses"]["p412"];
            413: components["responses"]["p413"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    edit_site: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
                /** @description Who does this, for the history. */
                "Titer-Actor"?: components["parameters"]["actor"];
                /** @description The same request with the same key is executed once, no matter to which replicas it is sent, and gets the first outcome. A retry is safe for 24 hours (status: idempotency.retry_safe_s). With another request the key is refused (422, idempotency_key_reused). */
                "Idempotency-Key"?: components["parameters"]["key"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
            };
            path: {
                /** @description The site. */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "hours": "Mo-Fr 9-17"
                 *     }
                 */
                "application/json": components["schemas"]["SiteFields"];
            };
        };
        responses: {
            /** @description Changed, or already so. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "position": 7,
                     *       "changed": true,
                     *       "site_id": "elm-street-clinic",
                     *       "site_version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            409: components["responses"]["p409"];
            412: components["responses"]["p412"];
            413: components["responses"]["p413"];
            415: components["responses"]["p415"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    set_stock: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description Who does this, for the history. */
                "Titer-Actor"?: components["parameters"]["actor"];
                /** @description The same request with the same key is executed once, no matter to which replicas it is sent, and gets the first outcome. A retry is safe for 24 hours (status: idempotency.retry_safe_s). With another request the key is refused (422, idempotency_key_reused). */
                "Idempotency-Key"?: components["parameters"]["key"];
            };
            path: {
                /** @description The site. */
                id: components["parameters"]["id"];
                /** @description Vaccine or pack: CVX code (208), NDC code, trade name of one vaccine, or `any`. */
                product: components["parameters"]["product"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "availability": {
                 *         "count": 12
                 *       },
                 *       "reason": "delivery"
                 *     }
                 */
                "application/json": components["schemas"]["Claim"];
            };
        };
        responses: {
            /** @description Logged, or already so. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match and If-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "position": 2,
                     *       "changed": true,
                     *       "site_id": "elm-street-clinic",
                     *       "site_version": 1,
                     *       "before": "unknown",
                     *       "after": 12,
                     *       "stock_version": 1
                     *     }
                     */
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            409: components["responses"]["p409"];
            412: components["responses"]["p412"];
            413: components["responses"]["p413"];
            415: components["responses"]["p415"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    adjust_stock: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
                /** @description Who does this, for the history. */
                "Titer-Actor"?: components["parameters"]["actor"];
                /** @description The same request with the same key is executed once, no matter to which replicas it is sent, and gets the first outcome. A retry is safe for 24 hours (status: idempotency.retry_safe_s). With another request the key is refused (422, idempotency_key_reused). */
                "Idempotency-Key"?: components["parameters"]["key"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
            };
            path: {
                /** @description The site. */
                id: components["parameters"]["id"];
                /** @description Vaccine or pack: CVX code (208), NDC code, trade name of one vaccine, or `any`. */
                product: components["parameters"]["product"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "by": -1,
                 *       "reason": "broken vial"
                 *     }
                 */
                "application/json": components["schemas"]["Adjustment"];
            };
        };
        responses: {
            /** @description Adjusted. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match and If-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "position": 5,
                     *       "changed": true,
                     *       "site_id": "elm-street-clinic",
                     *       "site_version": 1,
                     *       "before": 11,
                     *       "after": 10,
                     *       "stock_version": 4
                     *     }
                     */
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            409: components["responses"]["p409"];
            412: components["responses"]["p412"];
            413: components["responses"]["p413"];
            415: components["responses"]["p415"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    reserve_stock: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
                /** @description Who does this, for the history. */
                "Titer-Actor"?: components["parameters"]["actor"];
                /** @description The same request with the same key is executed once, no matter to which replicas it is sent, and gets the first outcome. A retry is safe for 24 hours (status: idempotency.retry_safe_s). With another request the key is refused (422, idempotency_key_reused). */
                "Idempotency-Key"?: components["parameters"]["key"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
            };
            path: {
                /** @description The site. */
                id: components["parameters"]["id"];
                /** @description Vaccine or pack: CVX code (208), NDC code, trade name of one vaccine, or `any`. */
                product: components["parameters"]["product"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "doses": 2
                 *     }
                 */
                "application/json": components["schemas"]["Doses"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match and If-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "position": 3,
                     *       "changed": true,
                     *       "site_id": "elm-street-clinic",
                     *       "site_version": 1,
                     *       "before": 12,
                     *       "after": 10,
                     *       "stock_version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            409: components["responses"]["p409"];
            412: components["responses"]["p412"];
            413: components["responses"]["p413"];
            415: components["responses"]["p415"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    release_stock: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
                /** @description Who does this, for the history. */
                "Titer-Actor"?: components["parameters"]["actor"];
                /** @description The same request with the same key is executed once, no matter to which replicas it is sent, and gets the first outcome. A retry is safe for 24 hours (status: idempotency.retry_safe_s). With another request the key is refused (422, idempotency_key_reused). */
                "Idempotency-Key"?: components["parameters"]["key"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
            };
            path: {
                /** @description The site. */
                id: components["parameters"]["id"];
                /** @description Vaccine or pack: CVX code (208), NDC code, trade name of one vaccine, or `any`. */
                product: components["parameters"]["product"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "doses": 1
                 *     }
                 */
                "application/json": components["schemas"]["Doses"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match and If-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "position": 4,
                     *       "changed": true,
                     *       "site_id": "elm-street-clinic",
                     *       "site_version": 1,
                     *       "before": 10,
                     *       "after": 11,
                     *       "stock_version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            409: components["responses"]["p409"];
            412: components["responses"]["p412"];
            413: components["responses"]["p413"];
            415: components["responses"]["p415"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    site_history: {
        parameters: {
            query?: {
                /** @description Rows of one page. */
                limit?: components["parameters"]["limit"];
                /** @description Only events with a lower position. */
                before?: components["parameters"]["before"];
            };
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path: {
                /** @description The site. */
                id: components["parameters"]["id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match and If-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "events": [
                     *         {
                     *           "position": 5,
                     *           "time": "2026-11-30T16:28:37.989Z",
                     *           "kind": "adjust",
                     *           "actor": "http",
                     *           "site_id": "elm-street-clinic",
                     *           "product": "208",
                     *           "before": 11,
                     *           "after": 10,
                     *           "reason": "broken vial"
                     *         }
                     *       ],
                     *       "removed": 0,
                     *       "links": {
                     *         "next": "/api/v1/sites/elm-street-clinic/history?limit=1&before=5"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["p400"];
            404: components["responses"]["p404"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description Rows of one page. */
                limit?: components["parameters"]["limit"];
                /** @description Only events with a lower position. */
                before?: components["parameters"]["before"];
            };
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match and If-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "events": [
                     *         {
                     *           "position": 7,
                     *           "time": "2026-11-30T16:28:38.001Z",
                     *           "kind": "edit_site",
                     *           "actor": "http",
                     *           "site_id": "elm-street-clinic",
                     *           "fields": {
                     *             "hours": [
                     *               "",
                     *               "Mo-Fr 9-17"
                     *             ]
                     *           }
                     *         }
                     *       ],
                     *       "removed": 0,
                     *       "links": {
                     *         "next": "/api/v1/events?limit=1&before=7"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    undo: {
        parameters: {
            query?: never;
            header?: {
                /** @description Who does this, for the history. */
                "Titer-Actor"?: components["parameters"]["actor"];
                /** @description The same request with the same key is executed once, no matter to which replicas it is sent, and gets the first outcome. A retry is safe for 24 hours (status: idempotency.retry_safe_s). With another request the key is refused (422, idempotency_key_reused). */
                "Idempotency-Key"?: components["parameters"]["key"];
            };
            path: {
                /** @description Of the event. */
                position: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "it was not broken"
                 *     }
                 */
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description Undone. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "position": 6,
                     *       "changed": true,
                     *       "site_id": "elm-street-clinic",
                     *       "site_version": 1,
                     *       "before": 10,
                     *       "after": 11,
                     *       "stock_version": 5
                     *     }
                     */
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            409: components["responses"]["p409"];
            412: components["responses"]["p412"];
            413: components["responses"]["p413"];
            415: components["responses"]["p415"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    changes: {
        parameters: {
            query?: {
                /** @description Begin after this event (its id) or position (`1042`); without it, from now. */
                since?: string;
                /** @description Without it the Accept header decides; NDJSON unless it names text/event-stream. */
                format?: "sse" | "ndjson";
            };
            header?: {
                /** @description As `since`; browsers send it when they reconnect. */
                "Last-Event-ID"?: string;
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream without end. SSE: `event: change`, `id: POSITION.PART-CLUSTER`, `data:` one event; a comment every 15 s. NDJSON: one event per line; an empty line every 15 s. A listener that is too slow, or whose replica stops, gets a last `event: end` (NDJSON: a line with `end`) with `resume_from`. Once there are keys, events contain `actor`, `reason` and `idempotency_key` only for a listener whose key may audit, as long as that key is valid. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example retry: 1000
                     *
                     *     event: change
                     *     id: 1.0-98056a86fd29bc31
                     *     data: {"position":1,"time":"2026-11-30T16:28:37.964Z","kind":"add_site","actor":"http","site_id":"elm-street-clinic","fields":{"name":["","Elm Street Clinic"],"zip":["","02139"]}}
                     */
                    "text/event-stream": string;
                    /**
                     * @example {
                     *       "position": 1,
                     *       "time": "2026-11-30T16:28:37.964Z",
                     *       "kind": "add_site",
                     *       "actor": "http",
                     *       "site_id": "elm-street-clinic",
                     *       "fields": {
                     *         "name": [
                     *           "",
                     *           "Elm Street Clinic"
                     *         ],
                     *         "zip": [
                     *           "",
                     *           "02139"
                     *         ]
                     *       }
                     *     }
                     */
                    "application/x-ndjson": components["schemas"]["Event"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    find: {
        parameters: {
            query?: {
                /** @description Around this ZIP code; without it, the form alone. */
                zip?: string;
                /** @description Miles, at most 500. */
                within?: number;
                /** @description Only sites that have this: a vaccine with its packs (CVX), a pack (NDC), `any`, or all vaccines of a trade name or a group (flu, covid, rsv, mmr, hpv, tdap, mpox, …). What it does not know is refused with what is near. */
                product?: components["parameters"]["productQuery"];
                /** @description Only where there is some: yes, or a count above 0, by a claim that has not expired. */
                available?: components["parameters"]["available"];
                /** @description en or es; otherwise by Accept-Language. */
                lang?: "en" | "es";
            };
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page; it reports an unusable ZIP code. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example <!doctype html>
                     *     <html lang="en">
                     *     …
                     *     </html>
                     */
                    "text/html": string;
                };
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    export: {
        parameters: {
            query?: {
                /** @description The format of the file. */
                format?: "csv" | "ndjson" | "geojson";
            };
            header?: {
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file; its ETag is the position. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example site_id,name,street,city,state,zip,product,availability,valid_at,source,county,lat,lon,point,phone,info_url,booking_url,provider,hours,status,external_ids
                     *     elm-street-clinic,Elm Street Clinic,,,MA,02139,208,11,2026-11-30T16:28:37.978Z,,,42.3647,-71.1042,zip_centroid,617-555-0100,,,,Mo-Fr 9-17,active,
                     */
                    "text/csv": string;
                    /** @example {"site_id":"elm-street-clinic","name":"Elm Street Clinic","state":"MA","zip":"02139","phone":"617-555-0100","hours":"Mo-Fr 9-17","status":"active","lat":42.3647,"lon":-71.1042,"point":"zip_centroid","product":"208","availability":11,"valid_at":"2026-11-30T16:28:37.978Z"} */
                    "application/x-ndjson": string;
                    /**
                     * @example {"type":"FeatureCollection","features":[
                     *     {"type":"Feature","id":"elm-street-clinic","geometry":{"type":"Point","coordinates":[-71.1042,42.3647]},"properties":{"site_id":"elm-street-clinic","name":"Elm Street Clinic","state":"MA","zip":"02139","phone":"617-555-0100","hours":"Mo-Fr 9-17","status":"active","point":"zip_centroid","stock":[{"product":"208","availability":11,"valid_at":"2026-11-30T16:28:37.978Z"}]}}
                     *     ]}
                     */
                    "application/geo+json": string;
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    import: {
        parameters: {
            query?: {
                /** @description Default: detected from the file. */
                format?: "csv" | "ndjson" | "smart" | "cdc" | "national" | "therapeutics" | "inventory";
                /** @description Columns of a table that is not ours: zip="Zip Code",availability=Quantity. Nothing behind the sign: the table has no such column. */
                map?: string;
                /** @description Read and check only. */
                dry_run?: boolean;
                /** @description Shown in /api/v1/imports. */
                label?: string;
            };
            header?: {
                /** @description Who does this, for the history. */
                "Titer-Actor"?: components["parameters"]["actor"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The file, plain or gzip. */
        requestBody: {
            content: {
                /**
                 * @example site_id,name,zip,product,availability
                 *     oak,Oak Pharmacy,2139,208,7
                 */
                "text/csv": string;
                "application/x-ndjson": string;
                "application/fhir+ndjson": string;
                "application/gzip": string;
            };
        };
        responses: {
            /** @description The results of the rows. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "format": "csv",
                     *       "dry_run": false,
                     *       "rows": 1,
                     *       "added": 1,
                     *       "updated": 0,
                     *       "unchanged": 0,
                     *       "out_of_date": 0,
                     *       "rejected": 0,
                     *       "notes": 1,
                     *       "blank": 0,
                     *       "errors_not_shown": 0,
                     *       "notes_not_shown": 0,
                     *       "position": 8,
                     *       "seconds": 0.006,
                     *       "errors": [],
                     *       "remarks": [
                     *         {
                     *           "line": 2,
                     *           "field": "zip",
                     *           "why": "zeros in front of the ZIP code were lost: put back",
                     *           "value": "2139"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ImportReport"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            408: components["responses"]["p408"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    imports: {
        parameters: {
            query?: never;
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The imports. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "imports": [
                     *         {
                     *           "number": 1,
                     *           "state": "done",
                     *           "format": "csv",
                     *           "dry_run": false,
                     *           "bytes_read": 66,
                     *           "bytes_to_read": 66,
                     *           "rows": 1,
                     *           "rows_answered": 1,
                     *           "added": 1,
                     *           "updated": 0,
                     *           "unchanged": 0,
                     *           "rejected": 0,
                     *           "seconds": 0.006,
                     *           "rows_per_second": 155
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Imports"];
                };
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
        };
    };
    smart_manifest: {
        parameters: {
            query?: {
                /** @description Ignored, as the specification allows. */
                _since?: string;
                /** @description Schedules of claims that are older than 29 days, too. */
                expired?: boolean;
            };
            header?: {
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The manifest: absolute addresses of files that never change. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match. */
                    ETag?: string;
                    "Last-Modified"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "transactionTime": "2026-11-30T16:28:38.029Z",
                     *       "request": "http://127.0.0.1:8080/api/v1/smart/$bulk-publish",
                     *       "output": [
                     *         {
                     *           "type": "Location",
                     *           "url": "http://127.0.0.1:8080/api/v1/smart/s-10-498904-fd29bc31/locations-MA.ndjson",
                     *           "extension": {
                     *             "state": [
                     *               "MA"
                     *             ]
                     *           }
                     *         },
                     *         {
                     *           "type": "Schedule",
                     *           "url": "http://127.0.0.1:8080/api/v1/smart/s-10-498904-fd29bc31/schedules-MA.ndjson",
                     *           "extension": {
                     *             "state": [
                     *               "MA"
                     *             ]
                     *           }
                     *         },
                     *         {
                     *           "type": "Slot",
                     *           "url": "http://127.0.0.1:8080/api/v1/smart/s-10-498904-fd29bc31/slots-MA.ndjson",
                     *           "extension": {
                     *             "state": [
                     *               "MA"
                     *             ]
                     *           }
                     *         }
                     *       ],
                     *       "error": [],
                     *       "extension": {
                     *         "sitesLeftOut": 2
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SmartManifest"];
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    smart_file: {
        parameters: {
            query?: {
                /** @description Ignored. */
                _since?: string;
            };
            header?: {
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path: {
                /** @description Its name, as in the manifest. */
                publication: string;
                /** @description locations-MA.ndjson, schedules-MA.ndjson, slots-MA.ndjson, … */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One FHIR resource per line. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    "Titer-Stream": components["headers"]["Titer-Stream"];
                    /** @description For If-None-Match. */
                    ETag?: string;
                    "Last-Modified"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example {"resourceType":"Location","id":"full","meta":{"lastUpdated":"2026-11-30T16:28:38.027Z"},"identifier":[{"system":"urn:titer:site","value":"full"}],"name":"Full","description":"Availability is stock that the site reported, not appointments.","telecom":[{"system":"phone","value":"617-555-0100"}],"address":{"line":["1 Elm Street"],"city":"Cambridge","state":"MA","postalCode":"02139"}} */
                    "application/fhir+ndjson": string;
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["p400"];
            404: components["responses"]["p404"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Text format 0.0.4. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # HELP titer_up 1: the replica answers
                     *     # TYPE titer_up gauge
                     *     titer_up 1
                     */
                    "text/plain": string;
                };
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    list_keys: {
        parameters: {
            query?: {
                limit?: number;
                /** @description The last id of the page before. */
                after?: string;
            };
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. Never a secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "id": "07b7a3bdf2e0fc91",
                     *           "owner": "Ops",
                     *           "role": "operator",
                     *           "created": "2026-11-30T16:28:39.638Z",
                     *           "created_by": "cli"
                     *         },
                     *         {
                     *           "id": "74911bd6d254edc1",
                     *           "owner": "Elm Street Clinic",
                     *           "role": "provider",
                     *           "scope": [
                     *             "elm-street-clinic"
                     *           ],
                     *           "created": "2026-11-30T16:28:39.648Z",
                     *           "created_by": "Ops"
                     *         }
                     *       ],
                     *       "links": {}
                     *     }
                     */
                    "application/json": components["schemas"]["KeyPage"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
        };
    };
    create_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "owner": "Elm Street Clinic",
                 *       "role": "provider",
                 *       "scope": [
                 *         "elm-street-clinic"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["NewKey"];
            };
        };
        responses: {
            /** @description The key is shown only here. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "74911bd6d254edc1",
                     *       "key": "titer_74911bd6d254edc1_0000000000000000000000000000000000000000000000000000000000000000"
                     *     }
                     */
                    "application/json": components["schemas"]["CreatedKey"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            413: components["responses"]["p413"];
            415: components["responses"]["p415"];
            422: components["responses"]["p422"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    key_history: {
        parameters: {
            query?: {
                /** @description Rows of one page. */
                limit?: components["parameters"]["limit"];
                /** @description Only events with a lower position. */
                before?: components["parameters"]["before"];
            };
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags that the client has, or `*`; compared weakly. A read answers 304 if one of them is current. A change is made only if none of them is (`*`: only if there is no such thing yet), else 412. */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events. */
            200: {
                headers: {
                    "Titer-Position": components["headers"]["Titer-Position"];
                    /** @description For If-None-Match and If-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "events": [
                     *         {
                     *           "position": 19,
                     *           "time": "2026-11-30T16:28:39.656Z",
                     *           "kind": "revoke_key",
                     *           "actor": "Ops",
                     *           "fields": {
                     *             "key": [
                     *               "",
                     *               "74911bd6d254edc1"
                     *             ],
                     *             "owner": [
                     *               "",
                     *               "Elm Street Clinic"
                     *             ]
                     *           },
                     *           "reason": "lost"
                     *         }
                     *       ],
                     *       "removed": 0,
                     *       "links": {
                     *         "next": "/api/v1/keys/history?limit=1&before=19"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description The client has it already. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            431: components["responses"]["p431"];
            503: components["responses"]["p503"];
        };
    };
    revoke_key: {
        parameters: {
            query?: {
                reason?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoked; no request with it is executed after this one. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "position": 19,
                     *       "changed": true
                     *     }
                     */
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            404: components["responses"]["p404"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
    get_writes: {
        parameters: {
            query?: never;
            header?: {
                /** @description Read a state that has at least this position (read your writes at another replica); the replica waits for it for up to 2 s, then answers 503. POSITION-STREAM, with the Titer-Stream of the answer that had the position: another stream's is answered 410. Every read takes it. */
                "Titer-Min-Position"?: components["parameters"]["minPosition"];
                /** @description ETags, or `*` for any that exists; compared strongly, so a weak tag matches nothing. A version alone ("7") is taken too. The request is executed only if one of them is current, else 412. A change may name at most 8 versions in If-Match and If-None-Match. */
                "If-Match"?: components["parameters"]["ifMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The switch. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "stopped": false
                     *     }
                     */
                    "application/json": components["schemas"]["WriteSwitch"];
                };
            };
            400: components["responses"]["p400"];
            410: components["responses"]["p410"];
            412: components["responses"]["p412"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
        };
    };
    set_writes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "stopped": true,
                 *       "reason": "moving"
                 *     }
                 */
                "application/json": components["schemas"]["WriteOrder"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ok": true,
                     *       "position": 20,
                     *       "changed": true
                     *     }
                     */
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            400: components["responses"]["p400"];
            401: components["responses"]["p401"];
            403: components["responses"]["p403"];
            415: components["responses"]["p415"];
            429: components["responses"]["p429"];
            503: components["responses"]["p503"];
            504: components["responses"]["p504"];
        };
    };
}
