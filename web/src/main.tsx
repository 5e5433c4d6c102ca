// SPDX-License-Identifier: Apache-2.0

// Begins here: the replica that served this file is the first one the page talks to.
import { render } from "preact";
import { AppContext, type App } from "./app";
import { Changes } from "./api/changes";
import { Database, newKey } from "./api/database";
import { Replicas } from "./api/replicas";
import { SharedChanges } from "./api/shared_changes";
import type { Peer } from "./api/types";
import { readEarly } from "./find/answer";
import { kept, keepKey, keptKey } from "./kept";
import { Outbox, type Entry } from "./log/outbox";
import { OwnKey } from "./own_key";
import { keepPlaces } from "./places";
import { hashOfPath, parseRoute } from "./route";
import { Shell } from "./shell";
import { firstCatalogue } from "./text";
import type { Catalogue } from "./text/en";
import { isShown, onShown } from "./visible";
import "./style/base.css";
import "./style/shell.css";
import "./style/find.css";
import "./style/log.css";
import "./style/cluster.css";
import "./style/looks.css";

const typed = hashOfPath(location.pathname);
if (typed) history.replaceState(null, "", `/${location.search}${typed}`);
keepPlaces();

const replicas = new Replicas(location.origin);
replicas.learn(knownPeers()); // the one in the address may be dead, and the page be here nevertheless (offline/worker.ts)
const database = new Database(replicas, () => kept("actor") ?? "", keptKey);
const following = new Changes(replicas);
const channel = "BroadcastChannel" in window ? new BroadcastChannel("titer-changes") : null;
const changes = new SharedChanges(following, navigator.locks, channel);
const ownKey = new OwnKey(database, keptKey, keepKey);
const outbox = new Outbox({ send, newKey });

function knownPeers(): Peer[] {
  try {
    return JSON.parse(kept("replicas") ?? "[]") as Peer[];
  } catch {
    return [];
  }
}

function send({ site, product, what, once }: Entry) {
  if (what.kind === "set") return database.set(site, product, what.mine, what.version, once);
  if (what.kind === "adjust") return database.adjust(site, product, what.by, once);
  return database[what.kind](site, product, what.doses, once);
}

database.onKeyWanted(() => ownKey.refused());
replicas.onState(() => replicas.isReachable() && outbox.retry());
onShown((shown) => changes.shown(shown));
changes.shown(isShown());
addEventListener("offline", () => replicas.offline());
addEventListener("online", () => changes.again());
addEventListener("beforeunload", (event) => outbox.size() > 0 && event.preventDefault());

const first = parseRoute(location.hash);
if (first.view === "find" && first.search) readEarly(database, first.search);

const app: App = { replicas, database, changes, outbox, ownKey };
const show = (first: Catalogue) =>
  render(
    <AppContext.Provider value={app}>
      <Shell first={first} />
    </AppContext.Provider>,
    document.getElementById("page")!,
  );
void firstCatalogue().then(show); // not awaited here: a language's file waits for this one to end
