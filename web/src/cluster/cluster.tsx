// SPDX-License-Identifier: Apache-2.0

// Cluster: the replicas, their positions, their speed, and the messages between them. It asks every replica for
// itself, once a second, and does not move to another: a replica that does not answer is down.
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import { readTimeOf, statusOf, traceOf } from "../api/database";
import type { Peer, Trace } from "../api/types";
import { useText } from "../text";
import { Chart } from "../ui/chart";
import { Replicas } from "./replicas_table";
import { kRoundsMax, readTimes, rowsOf, throughput, withRound, type Round } from "./rounds";
import { SpaceTime } from "./space_time";

const kRoundMs = 1_000;
const kPatienceMs = 900; // a replica that takes longer than this is shown as down

interface Seen {
  peers: Peer[];
  control: boolean;
  rounds: Round[];
  traces: Trace[]; // empty: these replicas keep none
}

async function look(peers: readonly Peer[], withTraces: boolean): Promise<{ round: Round; traces: Trace[] }> {
  const all = <T,>(ask: (origin: string, patienceMs: number) => Promise<T>) =>
    Promise.all(peers.map(({ http }) => ask(http, kPatienceMs)));
  const nobody: (Trace | null)[] = [];
  const timeMs = Date.now();
  const [statuses, readMs, traces] = await Promise.all([
    all(statusOf),
    all(readTimeOf),
    withTraces ? all(traceOf) : nobody,
  ]);
  return {
    round: { timeMs, statuses, readMs },
    traces: traces.filter((trace): trace is Trace => trace !== null),
  };
}

function useCluster(): Seen | null {
  const { database, replicas } = useApp();
  const [seen, setSeen] = useState<Seen | null>(null);
  useEffect(() => {
    let on = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let traced = true; // until nobody has one
    const again = async () => {
      // Whichever replica serves the page knows the others.
      const here = await database.status().catch(() => null);
      const known = here && (here.peers ?? [{ index: here.replica, http: replicas.where().origin }]);
      if (known) {
        const { round, traces } = await look(known, traced);
        traced &&= traces.length > 0;
        if (!on) return;
        setSeen((old) => ({
          peers: known,
          control: here.cluster_control === true,
          rounds: withRound(old?.peers.length === known.length ? old.rounds : [], round),
          traces,
        }));
      }
      if (on) timer = setTimeout(() => void again(), kRoundMs);
    };
    void again();
    return () => {
      on = false;
      clearTimeout(timer);
    };
  }, [database, replicas]);
  return seen;
}

export function Cluster() {
  const text = useText();
  const seen = useCluster();
  if (!seen)
    return (
      <div class="cluster">
        <h1>{text.clusterTitle}</h1>
        <p role="status">{text.noData}</p>
      </div>
    );
  const rows = rowsOf(seen.peers, seen.rounds.at(-1));
  const serving = rows.filter((row) => row.state === "serving").length;
  return (
    <div class="cluster">
      <h1>{text.clusterTitle}</h1>
      <p class="intro" role="status">
        {text.clusterIntro(serving, rows.length)}
      </p>
      <Replicas rows={rows} control={seen.control} />
      <Charts seen={seen} />
      {seen.traces.length > 0 && <SpaceTime traces={seen.traces} peers={seen.peers} />}
    </div>
  );
}

function Charts({ seen }: { seen: Seen }) {
  const text = useText();
  const { times, values } = throughput(seen.rounds);
  const rate = values.at(-1);
  const format = (n: number | null | undefined, digits: number) =>
    n == null ? "–" : n.toLocaleString(text.locale, { maximumFractionDigits: digits });
  const reads = seen.peers.map(({ index }, place) => {
    const series = readTimes(seen.rounds, place);
    return { name: `${text.replicaN(index)}: ${format(series.values.at(-1), 1)}`, values: series.values };
  });
  return (
    <div class="charts">
      <Chart
        title={text.throughput}
        times={times}
        lines={[{ name: format(rate, 0), values }]}
        span={kRoundsMax}
      />
      <Chart
        title={text.latency}
        times={seen.rounds.map((round) => round.timeMs / 1000)}
        lines={reads}
        span={kRoundsMax}
      />
    </div>
  );
}
