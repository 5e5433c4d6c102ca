// SPDX-License-Identifier: Apache-2.0

// Begins here: the replica that served this file is the first one the page talks to.
import { render } from "preact";
import { AppContext, type App } from "./app";
import { Changes } from "./api/changes";
import { Database } from "./api/database";
import { Replicas } from "./api/replicas";
import { kept, keptKey } from "./kept";
import { Shell } from "./shell";
import "./style/base.css";
import "./style/shell.css";
import "./style/find.css";
import "./style/log.css";
import "./style/cluster.css";

const replicas = new Replicas(location.origin);
const app: App = {
  replicas,
  database: new Database(replicas, () => kept("actor") ?? "", keptKey),
  changes: new Changes(replicas),
};
app.changes.follow();

render(
  <AppContext.Provider value={app}>
    <Shell />
  </AppContext.Provider>,
  document.getElementById("page")!,
);
