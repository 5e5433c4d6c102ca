// SPDX-License-Identifier: Apache-2.0

// The space-time picture: Lamport's drawing, of the frames that have just passed. One frame can be chosen; then its
// moments are marked on every line and told in a table, which is also what a screen reader gets.
import { useMemo, useState } from "preact/hooks";
import type { Peer } from "../api/types";
import { useText } from "../text";
import { windowOf } from "./frame_log";
import { kFramesShown, kMoments, timeScale, type Frame, type Moment } from "./trace_layout";

const kWidth = 1000;
const kLeft = 40;
const kRight = 24;
const kLine = 78; // between two replicas' lines
const kTop = 34;
const kBottom = 58; // room for the signs below the last line
const kSignStep = 15; // one below the other: moments of a frame may be microseconds apart

interface Props {
  log: Frame[];
  peers: Peer[];
  down: number[]; // indices of replicas that do not answer
}

/** Which frame is looked at, and up to which one the picture reaches. What one looks at must not run away. */
function useLook(log: Frame[]) {
  const [last, setLast] = useState<string | null>(null); // key of the last frame drawn; null: the newest, always
  const [chosen, setChosen] = useState<string | null>(null);
  const frames = useMemo(() => windowOf(log, last, kFramesShown), [log, last]);
  const at = log.findIndex(({ key }) => key === chosen);
  const choose = (next: Frame | undefined) => {
    if (!next) return;
    const place = log.indexOf(next);
    const first = log.indexOf(frames[0]!);
    const end = frames.includes(next)
      ? frames.at(-1)!
      : place < first
        ? log[place + frames.length - 1]!
        : next;
    setLast(end.key);
    setChosen(next.key);
  };
  const hold = (end: number) => setLast(log[end]?.key ?? null);
  const go = () => {
    setLast(null);
    setChosen(null);
  };
  return { frames, frame: log[at] ?? null, at, held: last !== null, choose, hold, go };
}

export function SpaceTime({ log, peers, down }: Props) {
  const text = useText();
  const { frames, frame, at, held, choose, hold, go } = useLook(log);
  const end = log.indexOf(frames.at(-1)!);
  return (
    <section class="space-time" aria-labelledby="space-time-title">
      <h2 id="space-time-title">{text.spaceTime}</h2>
      <p class="intro">{text.spaceTimeIntro}</p>
      {frames.length === 0 ? (
        <p class="quiet">{text.spaceTimeEmpty}</p>
      ) : (
        <>
          <p class="steps">
            <button type="button" onClick={() => (held ? go() : hold(end))}>
              {held ? text.spaceTimeGo : text.spaceTimePause}
            </button>
            <button
              type="button"
              disabled={at === 0}
              onClick={() => choose(at < 0 ? newest(frames) : log[at - 1])}
            >
              {text.olderFrame}
            </button>
            <button
              type="button"
              disabled={at < 0 || at === log.length - 1}
              onClick={() => choose(log[at + 1])}
            >
              {text.newerFrame}
            </button>
          </p>
          {log.length > kFramesShown && (
            <label class="scrub">
              {text.spaceTimeScrub}
              <input
                type="range"
                min={kFramesShown - 1}
                max={log.length - 1}
                value={end}
                onInput={(event) => hold(event.currentTarget.valueAsNumber)}
              />
            </label>
          )}
          <div class="picture-wrap" role="group" tabIndex={0} aria-label={text.spaceTime}>
            <Picture frames={frames} peers={peers} down={down} chosen={frame} choose={choose} />
          </div>
          <p class="quiet">{text.spaceTimeScale}</p>
          {frame && <Moments frame={frame} peers={peers} />}
        </>
      )}
    </section>
  );
}

// The one to begin with: the last that carried requests, if there is one.
const newest = (frames: readonly Frame[]): Frame | undefined =>
  frames.filter(({ requests }) => requests > 0).at(-1) ?? frames.at(-1);

interface PictureProps {
  frames: Frame[];
  peers: Peer[];
  down: number[];
  chosen: Frame | null;
  choose(frame: Frame): void;
  lesson?: boolean; // few frames, and all of them matter: none is faint, each has its clock
}

export function Picture({ frames, peers, down, chosen, choose, lesson = false }: PictureProps) {
  const text = useText();
  const scale = useMemo(() => timeScale(frames), [frames]);
  const x = (time: number) => kLeft + scale(time) * (kWidth - kLeft - kRight);
  const y = (replica: number) =>
    kTop +
    kLine *
      Math.max(
        0,
        peers.findIndex(({ index }) => index === replica),
      );
  const height = kTop + kBottom + kLine * (peers.length - 1);
  return (
    <svg class="picture" viewBox={`0 0 ${kWidth} ${height}`} role="img" aria-label={text.spaceTime}>
      {peers.map(({ index }) => (
        <g key={index}>
          <line
            class="world"
            data-down={down.includes(index) || undefined}
            x1={kLeft - 12}
            x2={kWidth}
            y1={y(index)}
            y2={y(index)}
          />
          <text class="world-name" x={8} y={y(index) + 5}>
            {index}
          </text>
        </g>
      ))}
      {frames.map((frame) => (
        <Arrows
          key={frame.key}
          frame={frame}
          x={x}
          y={y}
          lowest={frame.from === peers.at(-1)?.index}
          state={chosen === frame ? "chosen" : chosen && !lesson ? "other" : undefined}
          numbered={lesson || frame.requests > 0 || chosen === frame}
          choose={() => choose(frame)}
        />
      ))}
      {chosen && <Marks frame={chosen} x={x} y={y} />}
    </svg>
  );
}

interface Place {
  x(time: number): number;
  y(replica: number): number;
}

function Arrows({
  frame,
  x,
  y,
  lowest,
  state,
  numbered,
  choose,
}: { frame: Frame; lowest: boolean; state: string | undefined; numbered: boolean; choose(): void } & Place) {
  const [x1, y1] = [x(frame.sent), y(frame.from)];
  const arrivals = [...frame.seen].filter(([, seen]) => seen.received !== undefined);
  return (
    <g
      class={`frame from-${(frame.from % 5) + 1}`}
      data-state={state}
      data-null={frame.requests === 0 || undefined}
      onClick={choose}
    >
      {arrivals.map(([replica, seen]) => (
        <Arrow key={replica} x1={x1} y1={y1} x2={x(seen.received!)} y2={y(replica)} />
      ))}
      <circle cx={x1} cy={y1} r={frame.requests > 0 ? 5 : 3} />
      {numbered && (
        <text class="clock" x={x1} y={lowest ? y1 + 20 : y1 - 10}>
          {frame.clock}
        </text>
      )}
    </g>
  );
}

function Arrow({ x1, y1, x2, y2 }: { x1: number; y1: number; x2: number; y2: number }) {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const wing = (turn: number) => `${x2 - 9 * Math.cos(angle + turn)},${y2 - 9 * Math.sin(angle + turn)}`;
  return (
    <>
      <line class="grip" x1={x1} y1={y1} x2={x2} y2={y2} />
      <line x1={x1} y1={y1} x2={x2} y2={y2} />
      <polygon points={`${x2},${y2} ${wing(0.35)} ${wing(-0.35)}`} />
    </>
  );
}

const kSigns: Record<Exclude<Moment, "received">, string> = { stable: "◇", safe: "□", executed: "●" };

function Marks({ frame, x, y }: { frame: Frame } & Place) {
  return (
    <g class="marks">
      {[...frame.seen].map(([replica, seen]) =>
        (["stable", "safe", "executed"] as const).map(
          (moment, row) =>
            seen[moment] !== undefined && (
              <text key={moment + replica} x={x(seen[moment])} y={y(replica) + 16 + row * kSignStep}>
                {kSigns[moment]}
              </text>
            ),
        ),
      )}
    </g>
  );
}

function Moments({ frame, peers }: { frame: Frame; peers: Peer[] }) {
  const text = useText();
  const sign = (moment: Moment) => (moment === "received" ? "" : ` ${kSigns[moment]}`);
  return (
    <div role="status" class="moments">
      <table>
        <caption>
          {text.frameOf(frame.from, frame.clock, frame.requests)}, {text.afterSending}
        </caption>
        <thead>
          <tr>
            <th scope="col">{text.replica}</th>
            {kMoments.map((moment) => (
              <th key={moment} scope="col">
                {text[moment]}
                {sign(moment)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {peers.map(({ index }) => (
            <tr key={index}>
              <th scope="row">{index}</th>
              {kMoments.map((moment) => {
                const time = frame.seen.get(index)?.[moment];
                const sender = moment === "received" && index === frame.from;
                return (
                  <td key={moment}>
                    {sender
                      ? text.sent
                      : time === undefined
                        ? text.notYet
                        : text.microseconds(time - frame.sent)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
