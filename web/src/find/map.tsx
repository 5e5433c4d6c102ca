// SPDX-License-Identifier: Apache-2.0

// The map beside the list: bundled borders, no tiles of anybody. The list has the same sites, so a screen reader hears
// one sentence and goes on.
import { useMemo } from "preact/hooks";
import type { Search } from "../api/database";
import type { NearSite, Point } from "../api/types";
import { siteLevel, type Level } from "../format";
import { useText } from "../text";
import type { Catalogue } from "../text/en";
import { useAtlas } from "./atlas";
import { bordersOf, frameOf, kSize, type Borders, type Frame } from "./geometry";

interface Props {
  search: Search;
  center: Point;
  sites: NearSite[];
  more: boolean; // others fit, farther away than all of these
  chosen: string | null;
  choose(id: string): void;
}

/** As far as the sites reach that are shown: a ring around more would say that there are no others in it. */
function reachOf({ search, sites, more }: Props): number {
  const farthest = sites.at(-1)?.distance;
  return more && farthest ? Math.max(farthest, kReachMin) : search.within;
}

const kReachMin = 0.2; // miles or kilometres

export default function Map(props: Props) {
  const { search, center, sites, more, chosen, choose } = props;
  const text = useText();
  const atlas = useAtlas(true);
  const { unit } = search;
  const within = reachOf(props);
  const frame = useMemo(() => frameOf(center, within, unit), [center.lat, center.lon, within, unit]);
  const borders = useMemo(() => atlas && bordersOf(atlas, frame), [atlas, frame]);
  return (
    <figure class="map">
      <svg viewBox={`0 0 ${kSize} ${kSize}`} role="img" aria-label={text.map(sites.length)}>
        {borders && <Land borders={borders} />}
        <Rings frame={frame} within={within} unit={unit} />
        <Points frame={frame} sites={sites} product={search.product} chosen={chosen} choose={choose} />
        <path class="here" d={`M${kSize / 2 - 7},${kSize / 2}h14M${kSize / 2},${kSize / 2 - 7}v14`}>
          <title>{text.mapHere}</title>
        </path>
      </svg>
      <figcaption>
        <Key level="some" name={text.mapLegendYes} />
        <Key level="call" name={text.mapLegendCall} />
        <Key level="none" name={text.mapLegendNo} />
        <Key level="unknown" name={text.mapLegendUnknown} />
        {more && <span class="reach">{text.mapReach(`${distance(text, within)} ${unit}`)}</span>}
      </figcaption>
    </figure>
  );
}

function Key({ level, name }: { level: Level; name: string }) {
  return (
    <span>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <Dot level={level} x={8} y={8} />
      </svg>
      {name}
    </span>
  );
}

function Land({ borders }: { borders: Borders }) {
  return (
    <g aria-hidden="true">
      <path class="land" d={borders.land} />
      <path class="county" d={borders.counties} />
      <path class="state" d={borders.states} />
      {borders.names.map(({ name, x, y }) => (
        <text key={name + x} class="county-name" x={x} y={y}>
          {name}
        </text>
      ))}
    </g>
  );
}

const distance = (text: Catalogue, value: number) =>
  value.toLocaleString(text.locale, { maximumFractionDigits: 1 });

function Rings({ frame, within, unit }: { frame: Frame; within: number; unit: string }) {
  const text = useText();
  return (
    <g aria-hidden="true">
      {[0.5, 1].map((part) => (
        <g key={part}>
          <circle class="ring" cx={kSize / 2} cy={kSize / 2} r={frame.radius * part} />
          <text class="ring-name" x={kSize / 2} y={kSize / 2 - frame.radius * part - 5}>
            {distance(text, within * part)} {unit}
          </text>
        </g>
      ))}
    </g>
  );
}

// Form and strength tell them apart, not colour alone.
function Dot({ level, x, y }: { level: Level; x: number; y: number }) {
  const size = { some: 6.5, call: 6, none: 5, unknown: 3 }[level];
  return <circle class="dot" data-level={level} cx={x} cy={y} r={size} />;
}

function Points({
  frame,
  sites,
  product,
  chosen,
  choose,
}: { frame: Frame } & Pick<Props, "sites" | "chosen" | "choose"> & { product: string }) {
  const order: Record<Level, number> = { unknown: 0, none: 1, call: 2, some: 3 };
  const points = sites
    .filter((site) => site.lat !== undefined && site.lon !== undefined)
    .map((site) => ({ site, level: siteLevel(site, product) }))
    .sort((a, b) => order[a.level] - order[b.level]); // what is available lies on top
  return (
    <g aria-hidden="true">
      {points.map(({ site, level }) => {
        const [x, y] = frame.place({ lat: site.lat!, lon: site.lon! });
        return (
          <g
            key={site.id}
            class="point"
            data-chosen={chosen === site.id || undefined}
            onClick={() => choose(site.id)}
          >
            <title>{site.name}</title>
            <circle cx={x} cy={y} r={11} fill="transparent" />
            <Dot level={level} x={x} y={y} />
          </g>
        );
      })}
    </g>
  );
}
