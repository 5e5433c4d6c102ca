// SPDX-License-Identifier: Apache-2.0

// Cluster: the replicas, their positions, their speed, and the messages between them. It asks every replica for
// itself, once a second, and does not move to another: a replica that does not answer is down.
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp, useTitle } from "../app";
import { readTimeOf, statusOf, type Looked } from "../api/database";
import type { Peer, Status, Trace } from "../api/types";
import { duration } from "../format";
import { Key } from "../log/key";
import { useText } from "../text";
import { Chart } from "../ui/chart";
import { whileShown } from "../visible";
import { withTraces } from "./frame_log";
import { Replicas } from "./replicas_table";
import { Operators } from "./operators";
import { Pulse } from "./pulse";
import {
  kRangesSeconds,
  lags,
  lastOf,
  patienceMs,
  readTimes,
  rowsOf,
  throughput,
  withRound,
  type Round,
  type Series,
} from "./rounds";
import { SpaceTime } from "./space_time";
import { Tours } from "./tour";
import type { Frame } from "./trace_layout";

const kRoundMs = 1_000;

/** May this visitor see frames? "absent": these replicas keep none. */
type Tracing = "unknown" | "there" | "key" | "forbidden" | "absent";

interface Seen {
  peers: Peer[];
  control: boolean;
  keyed: boolean; // there are keys
  latest: Round<Status>;
  rounds: Round[];
  tracing: Tracing;
  frames: Frame[]; // all that were seen since the view was opened
}

const kUnauthorized = 401;
const kForbidden = 403;
const kNotFound = 404;

// A replica that answers late says nothing of the others, and nothing of the next round.
function tracingOf(before: Tracing, looked: Looked<Trace>[]): Tracing {
  const problem = (status: number) => looked.some((one) => "problem" in one && one.problem === status);
  if (looked.some((one) => "found" in one)) return "there";
  if (problem(kUnauthorized)) return "key";
  if (problem(kForbidden)) return "forbidden";
  return problem(kNotFound) ? "absent" : before;
}

function useCluster(): Seen | null {
  const { database, replicas } = useApp();
  const [seen, setSeen] = useState<Seen | null>(null);
  const latest = useRef<Seen | null>(null);
  useEffect(() => {
    let on = true;
    const round = async () => {
      // Whichever replica serves the page knows the others.
      const here = await database.status().catch(() => null);
      const peers = here && (here.peers ?? [{ index: here.replica, http: replicas.where().origin }]);
      if (!peers) return;
      const before = latest.current;
      const rounds = before?.peers.length === peers.length ? before.rounds : [];
      const patience = patienceMs(rounds.at(-1));
      const ask = <T,>(what: (origin: string, patienceMs: number) => Promise<T>) =>
        Promise.all(peers.map(({ http }) => what(http, patience)));
      const timeMs = Date.now();
      const trace = before?.tracing !== "absent";
      const [statuses, readMs, traces] = await Promise.all([
        ask(statusOf),
        ask(readTimeOf),
        trace ? ask((origin, ms) => database.traceOf(origin, ms)) : [],
      ]);
      if (!on) return;
      const seenNow = { timeMs, statuses, readMs };
      latest.current = {
        peers,
        keyed: here.keys === true,
        latest: seenNow,
        control: here.cluster_control === true,
        rounds: withRound(rounds, seenNow),
        tracing: trace ? tracingOf(before?.tracing ?? "unknown", traces) : "absent",
        frames: withTraces(
          before?.frames ?? [],
          traces.flatMap((one) => ("found" in one ? [one.found] : [])),
        ),
      };
      setSeen(latest.current);
    };
    const stop = whileShown(round, kRoundMs);
    return () => {
      on = false;
      stop();
    };
  }, [database, replicas]);
  return seen;
}

export default function Cluster() {
  const text = useText();
  useTitle(text.cluster);
  const seen = useCluster();
  if (!seen)
    return (
      <div class="cluster">
        <h1>{text.clusterTitle}</h1>
        <p role="status">{text.noData}</p>
      </div>
    );
  const rows = rowsOf(seen.peers, seen.latest);
  const serving = rows.filter((row) => row.state === "serving").length;
  return (
    <div class="cluster">
      <h1>{text.clusterTitle}</h1>
      <p class="intro" role="status">
        {text.clusterIntro(serving, rows.length)}
      </p>
      <Key />
      <Replicas rows={rows} control={seen.control} />
      <Charts seen={seen} />
      <Pulse rounds={seen.rounds} peers={seen.peers} />
      <Frames seen={seen} down={rows.filter(({ state }) => state === "down").map(({ index }) => index)} />
      <Tours />
      <Operators keyed={seen.keyed} />
    </div>
  );
}

function Frames({ seen: { tracing, frames, peers }, down }: { seen: Seen; down: number[] }) {
  const text = useText();
  if (tracing === "absent") return null;
  if (frames.length > 0 || tracing === "there") return <SpaceTime log={frames} peers={peers} down={down} />;
  const words = { key: text.spaceTimeKey, forbidden: text.refusals["forbidden"], unknown: text.noData }[
    tracing
  ];
  return (
    <section class="space-time" aria-labelledby="space-time-title">
      <h2 id="space-time-title">{text.spaceTime}</h2>
      <p class="quiet">{words}</p>
    </section>
  );
}

function Charts({ seen }: { seen: Seen }) {
  const text = useText();
  const [range, setRange] = useState<number>(kRangesSeconds[0]);
  const rounds = lastOf(seen.rounds, range);
  const { times, values } = throughput(rounds);
  const format = (n: number | null | undefined, digits: number) =>
    n == null ? "–" : n.toLocaleString(text.locale, { maximumFractionDigits: digits });
  const each = (series: (place: number) => Series, digits: number) =>
    seen.peers.map(({ index }, place) => {
      const { values } = series(place);
      return { name: `${text.replicaN(index)}: ${format(values.at(-1), digits)}`, values };
    });
  const looks = rounds.map((round) => round.timeMs / 1000);
  return (
    <section aria-label={text.charts}>
      <p class="range">
        <label for="range">{text.range}</label>{" "}
        <select id="range" value={range} onChange={(event) => setRange(Number(event.currentTarget.value))}>
          {kRangesSeconds.map((seconds) => (
            <option key={seconds} value={seconds}>
              {duration(text, seconds * 1000)}
            </option>
          ))}
        </select>
      </p>
      <div class="charts">
        <Chart
          title={text.throughput}
          times={times}
          lines={[{ name: format(values.at(-1), 0), values }]}
          span={range}
          word={(value) => format(value, 0)}
        />
        <Chart
          title={text.latency}
          times={looks}
          lines={each((place) => readTimes(rounds, place), 1)}
          span={range}
          word={(value) => `${format(value, 1)} ms`}
        />
        <Chart
          title={text.lagChart}
          times={looks}
          lines={each((place) => lags(rounds, place), 0)}
          span={range}
          word={(value) => format(value, 0)}
        />
      </div>
    </section>
  );
}
