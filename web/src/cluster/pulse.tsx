// SPDX-License-Identifier: Apache-2.0

// The replicas that are heard: one line each, time to the right, a mark for each look of the page. Also of a cluster in which nothing happens it shows
// that all are alive, and of one that fails, which replica fell silent first and when the others continue without it.
import type { Peer } from "../api/types";
import { useText } from "../text";
import type { Catalogue } from "../text/en";
import { happenings, pulseOf, type Happening, type Pulse as Kind } from "./heard";
import type { Round } from "./rounds";

const kWidth = 1000;
const kLeft = 40;
const kRight = 16;
const kTop = 30;
const kLine = 44;
const kLooks = 60; // in the picture
const kEvents = 12; // in the list

export function Pulse({ rounds, peers }: { rounds: Round[]; peers: Peer[] }) {
  const text = useText();
  const shown = rounds.slice(-kLooks);
  const events = happenings(rounds, peers).slice(0, kEvents);
  return (
    <section class="space-time" aria-labelledby="heard-title">
      <h2 id="heard-title">{text.heard}</h2>
      <p class="intro">{text.heardIntro}</p>
      <div class="picture-wrap" role="group" tabIndex={0} aria-label={text.heard}>
        <Picture shown={shown} peers={peers} />
      </div>
      <ol class="happenings" aria-live="polite">
        {events.map((event) => (
          <li key={`${event.at} ${event.kind} ${"replica" in event ? event.replica : event.view}`}>
            <time dateTime={new Date(event.at).toISOString()}>{text.figures.second(event.at)}</time>{" "}
            {words(text, event)}
          </li>
        ))}
        {events.length === 0 && <li class="quiet">{text.heardNothing}</li>}
      </ol>
    </section>
  );
}

function words(text: Catalogue, event: Happening): string {
  if (event.kind === "view") {
    const members = text.figures.list(event.members.map(String));
    return text.heardView(event.view, members);
  }
  if (event.kind === "changing") return text.heardChanging(event.view);
  return text.heardKinds[event.kind](event.replica);
}

function Picture({ shown, peers }: { shown: Round[]; peers: Peer[] }) {
  const text = useText();
  const step = (kWidth - kLeft - kRight) / kLooks;
  const x = (look: number) => kWidth - kRight - (shown.length - look) * step + step / 2;
  const y = (place: number) => kTop + place * kLine;
  const height = kTop + peers.length * kLine;
  const views = happenings(shown, peers).filter((event) => event.kind === "view");
  return (
    <svg class="picture pulse-picture" viewBox={`0 0 ${kWidth} ${height}`} role="img" aria-label={text.heard}>
      {views.map((event) => {
        const look = shown.findIndex(({ timeMs }) => timeMs === event.at);
        return (
          <g key={event.at} class="view-change">
            <line x1={x(look)} x2={x(look)} y1={14} y2={height} />
            <text x={x(look)} y={12}>
              {text.viewN("view" in event ? event.view : 0)}
            </text>
          </g>
        );
      })}
      {peers.map(({ index }, place) => (
        <g key={index}>
          <line class="world" x1={kLeft - 12} x2={kWidth} y1={y(place)} y2={y(place)} />
          <text class="world-name" x={8} y={y(place) + 5}>
            {index}
          </text>
          {shown.map((round, look) => (
            <Beat key={round.timeMs} kind={pulseOf(round.statuses[place])} x={x(look)} y={y(place)} />
          ))}
        </g>
      ))}
    </svg>
  );
}

// Told apart by form, not by colour alone.
function Beat({ kind, x, y }: { kind: Kind; x: number; y: number }) {
  if (kind === "silent") return <path class="beat" data-kind={kind} d={`M${x - 4},${y - 4}l8,8m0,-8l-8,8`} />;
  return <circle class="beat" data-kind={kind} cx={x} cy={y} r={4.5} />;
}
