// SPDX-License-Identifier: Apache-2.0

// Guided tours: three replicas that do what a rule is about, told step by step (docs/explanation/protocol.md, sections 2 and 4). The frames are
// written down here and drawn by the picture that draws real ones. Acknowledgements that a tour does not need are left out. Pure.
import type { Frame, Moment, Seen } from "./trace_layout";

export const kTours = ["clock", "stability", "safe", "crash"] as const;
export type TourName = (typeof kTours)[number];

interface Tour {
  frames: Frame[];
  chosen: string; // the frame that it is about
  steps: number[]; // microseconds: how far each step goes
  dead?: number; // falls silent after the first step
}

type SeenBy = Partial<Record<number, Seen>>;

const frame = (from: number, clock: number, requests: number, sent: number, seen: SeenBy): Frame => ({
  ...{ key: `${from}.${clock}`, from, clock, requests, sent },
  seen: new Map(Object.entries(seen).map(([replica, moments]) => [Number(replica), moments ?? {}])),
});

// A request at replica 0, and the acknowledgements of both others.
const kRound: Frame[] = [
  frame(0, 5, 1, 1_000, {
    0: { stable: 1_320, safe: 1_320, executed: 1_330 },
    1: { received: 1_120, stable: 1_340, safe: 1_340, executed: 1_350 },
    2: { received: 1_180, stable: 1_300, safe: 1_300, executed: 1_310 },
  }),
  frame(1, 7, 0, 1_140, { 0: { received: 1_260 }, 2: { received: 1_300 } }),
  frame(2, 7, 0, 1_200, { 0: { received: 1_320 }, 1: { received: 1_340 } }),
];

export const kScripts: Record<TourName, Tour> = {
  clock: { frames: kRound, chosen: "0.5", steps: [1_000, 1_180, 1_350] },
  stability: { frames: kRound, chosen: "0.5", steps: [1_180, 1_310, 1_350] },
  safe: {
    // The frame with clock 5 is slow on its way; the others have requests of their own meanwhile.
    frames: [
      frame(0, 5, 1, 1_000, {
        0: { stable: 1_170, safe: 1_760, executed: 1_770 },
        1: { received: 1_600 },
        2: { received: 1_650 },
      }),
      frame(1, 8, 1, 1_050, { 0: { received: 1_150 }, 2: { received: 1_180 } }),
      frame(2, 9, 1, 1_060, { 0: { received: 1_170 }, 1: { received: 1_190 } }),
      frame(1, 14, 0, 1_610, { 0: { received: 1_700 }, 2: { received: 1_720 } }),
      frame(2, 14, 0, 1_660, { 0: { received: 1_760 }, 1: { received: 1_780 } }),
    ],
    chosen: "0.5",
    steps: [1_060, 1_190, 1_780],
  },
  crash: {
    frames: [
      frame(0, 5, 1, 1_000, { 1: { received: 1_120, executed: 2_150 }, 2: { executed: 2_150 } }),
      frame(1, 7, 0, 1_140, { 2: { received: 1_250 } }),
      frame(1, 5, 1, 2_000, { 2: { received: 2_100 } }), // the relay of the flush
    ],
    chosen: "0.5",
    steps: [1_120, 1_250, 2_100, 2_150],
    dead: 0,
  },
};

const until = (seen: Seen, end: number): Seen =>
  Object.fromEntries((Object.entries(seen) as [Moment, number][]).filter(([, time]) => time <= end)) as Seen;

export interface Scene {
  frames: Frame[];
  chosen: Frame | null;
  down: number[];
}

/** All that has happened up to a step, the first one being 0. */
export function sceneOf(name: TourName, step: number): Scene {
  const { frames, chosen, steps, dead } = kScripts[name];
  const end = steps[step]!;
  const past = frames
    .filter(({ sent }) => sent <= end)
    .map((one) => ({
      ...one,
      seen: new Map([...one.seen].map(([replica, seen]) => [replica, until(seen, end)])),
    }));
  return {
    frames: past,
    chosen: past.find(({ key }) => key === chosen) ?? null,
    down: dead !== undefined && step > 0 ? [dead] : [],
  };
}
