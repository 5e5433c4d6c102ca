// SPDX-License-Identifier: Apache-2.0

// What the replicas said, second after second, as the figures of the Cluster view. Pure.
import type { Peer, Status } from "../api/types";

/** The part of a status that is kept for the charts; all of it would be a megabyte a minute. */
export type Heard = Pick<Status, "position" | "full" | "view" | "target" | "members">;

/** One look at every replica at one moment. */
export interface Round<S extends Heard = Heard> {
  timeMs: number;
  statuses: (S | null)[]; // by place in the list of peers; null: no answer
  readMs: (number | null)[];
}

export const kRoundsMax = 3_600; // one a second
export const kRangesSeconds = [60, 600, 3_600] as const; // of the charts

export type State = "serving" | "learning" | "down";

export interface ReplicaRow {
  index: number;
  address: string;
  state: State;
  learned: number; // percent
  status: Status | null;
  lag: number; // executed requests behind the furthest
}

const kPatienceMinMs = 900;
const kPatienceMaxMs = 5_000;
const kTimesTheFastest = 8;

/**
 * How long replicas may take before they count as down: longer on a slow line, which delays all of them, so the quickest answer
 * of the round before is the measure. The first round waits the longest.
 */
export function patienceMs(before: Round | undefined): number {
  const times = (before?.readMs ?? []).filter((ms): ms is number => ms !== null);
  if (times.length === 0) return kPatienceMaxMs;
  return Math.min(kPatienceMaxMs, Math.max(kPatienceMinMs, kTimesTheFastest * Math.min(...times)));
}

const heardOf = ({ position, full, view, target, members }: Heard): Heard => ({
  ...{ position, full, view, members },
  ...(target === undefined ? {} : { target }),
});

export function withRound(rounds: readonly Round[], round: Round): Round[] {
  const statuses = round.statuses.map((status) => status && heardOf(status));
  return [...rounds, { ...round, statuses }].slice(-kRoundsMax);
}

/** Those of the last seconds. */
export function lastOf(rounds: readonly Round[], seconds: number): Round[] {
  const since = (rounds.at(-1)?.timeMs ?? 0) - seconds * 1000;
  return rounds.filter(({ timeMs }) => timeMs >= since);
}

// -1: nobody answered.
const furthest = (round: Round): number => Math.max(-1, ...round.statuses.map((s) => s?.position ?? -1));

export function rowsOf(peers: readonly Peer[], round: Round<Status> | undefined): ReplicaRow[] {
  const front = round ? furthest(round) : -1;
  return peers.map(({ index, http }, place) => {
    const status = round?.statuses[place] ?? null;
    return {
      index,
      address: http.replace(/^https?:\/\//, ""),
      state: !status ? "down" : status.full ? "serving" : "learning",
      learned: status?.learned_percent ?? 0,
      status,
      lag: status ? front - status.position : 0,
    };
  });
}

export interface Series {
  times: number[]; // seconds since 1970
  values: (number | null)[];
}

/**
 * Requests executed per second, from the position of the order, which all replicas share: of the furthest one, so that a
 * failure of any replica leaves no hole.
 */
export function throughput(rounds: readonly Round[]): Series {
  const out: Series = { times: [], values: [] };
  for (let i = 1; i < rounds.length; i += 1) {
    const [before, now] = [rounds[i - 1]!, rounds[i]!];
    const [from, to] = [furthest(before), furthest(now)];
    const seconds = (now.timeMs - before.timeMs) / 1000;
    out.times.push(now.timeMs / 1000);
    out.values.push(from >= 0 && to >= from && seconds > 0 ? (to - from) / seconds : null);
  }
  return out;
}

/** Requests that one replica is behind the furthest; null: it gave no answer. */
export function lags(rounds: readonly Round[], place: number): Series {
  return {
    times: rounds.map((round) => round.timeMs / 1000),
    values: rounds.map((round) => {
      const status = round.statuses[place];
      return status ? furthest(round) - status.position : null;
    }),
  };
}

export function readTimes(rounds: readonly Round[], place: number): Series {
  return {
    times: rounds.map((round) => round.timeMs / 1000),
    values: rounds.map((round) => round.readMs[place] ?? null),
  };
}
