// SPDX-License-Identifier: Apache-2.0

// A line chart: uPlot, in the colours of the page. The title is a caption, so it is read to those who do not see it,
// with the last value of each line. The values of any moment stand below it while the pointer is there, or when the arrow keys have moved
// there.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useText } from "../text";
import type { Catalogue } from "../text/en";

export interface Line {
  name: string;
  values: (number | null)[];
}

interface Props {
  title: string;
  times: number[]; // seconds since 1970
  lines: Line[];
  span: number; // seconds that the time axis shows at least
  stepped?: boolean;
  word(value: number): string; // a value with its unit
}

const kHeight = 150; // CSS pixels
// Between two times on the axis: whole seconds, minutes, hours, days.
const kStepsSeconds = [
  5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000,
];

/** The page's colours, from its style: uPlot draws on a canvas, which knows no style sheet. */
function colours(of: Element) {
  const style = getComputedStyle(of);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    axis: value("--quiet"),
    grid: value("--rule"),
    lines: [1, 2, 3, 4, 5].map((n) => value(`--line-${n}`)),
    font: `12px ${style.fontFamily}`,
  };
}

// Times of the day, with seconds when the chart is about seconds, or days when it is about days.
function timeWords(locale: string): (chart: uPlot, ticks: number[]) => string[] {
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options);
  const seconds = format({ hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  const minutes = format({ hour: "2-digit", minute: "2-digit", hour12: false });
  const days = format({ month: "short", day: "numeric" });
  return (_chart, ticks) => {
    const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
    const words = step >= 86_400 ? days : step >= 60 ? minutes : seconds;
    return ticks.map((tick) => words.format(tick * 1000));
  };
}

type Look = (moment: number | null) => void;

function options(
  at: HTMLElement,
  { lines, span, stepped }: Props,
  locale: string,
  look: Look,
): uPlot.Options {
  const { axis, grid, lines: strokes, font } = colours(at);
  const axes = { stroke: axis, font, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  const paths = stepped ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {};
  return {
    width: Math.max(at.clientWidth, 200),
    height: kHeight,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    hooks: { setCursor: [(chart) => look(chart.cursor.idx ?? null)] },
    scales: {
      x: { range: (_chart, min, max) => [Math.min(min, max - span), max] },
      y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.15 : 1] },
    },
    axes: [
      { ...axes, size: 28, space: 80, incrs: kStepsSeconds, values: timeWords(locale) },
      { ...axes, size: 52, values: (_chart, ticks) => ticks.map((tick) => tick.toLocaleString(locale)) },
    ],
    series: [
      {},
      ...lines.map((_line, index) => ({
        stroke: strokes[index % strokes.length] ?? axis,
        width: 2,
        points: { show: false },
        ...paths,
      })),
    ],
  };
}

/** "Nov 30, 4:12:05 PM: 25 doses; 3 doses". */
function reading(text: Catalogue, { times, lines, word }: Props, moment: number): string {
  const words = lines.map(({ name, values }) => {
    const value = values[moment];
    const figure = value === null || value === undefined ? "–" : word(value);
    return lines.length > 1 ? `${name.replace(/:.*$/, "")}: ${figure}` : figure;
  });
  return `${text.figures.instant(times[moment]! * 1000)}: ${words.join("; ")}`;
}

export function Chart(props: Props) {
  const { title, times, lines, stepped = false } = props;
  const text = useText();
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const shape = `${lines.length} ${stepped} ${text.locale}`;
  const [moment, setMoment] = useState<number | null>(null);
  const now = useRef(props);
  now.current = props;
  const data = (): uPlot.AlignedData => [now.current.times, ...now.current.lines.map((line) => line.values)];

  useEffect(() => {
    const at = place.current!;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(options(at, now.current, text.locale, setMoment), data(), at);
    };
    draw();
    const size = new ResizeObserver(() => chart.current?.setSize({ width: at.clientWidth, height: kHeight }));
    size.observe(at);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    return () => {
      size.disconnect();
      dark.removeEventListener("change", draw);
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape]);
  useEffect(() => chart.current?.setData(data()), [times, lines]);

  // The cursor is where a pointer would be; so keys and pointers show the same.
  const move = (to: number) => {
    const at = Math.max(0, Math.min(times.length - 1, to));
    const left = chart.current?.valToPos(times[at] ?? 0, "x");
    if (left !== undefined) chart.current?.setCursor({ left, top: 1 });
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || times.length === 0) return;
    event.preventDefault();
    move((moment ?? times.length) + step);
  };

  return (
    <figure class="chart">
      <figcaption>
        {title}
        <span class="keys">
          {lines.map((line, index) => (
            <span key={line.name} class={`key-${(index % 5) + 1}`}>
              {line.name}
            </span>
          ))}
        </span>
      </figcaption>
      <div
        class="plot"
        role="group"
        tabIndex={0}
        aria-label={`${title}. ${text.chartKeys}`}
        onKeyDown={press}
      >
        <div ref={place} aria-hidden="true" />
      </div>
      <p class="reading quiet" role="status">
        {moment !== null && times[moment] !== undefined && reading(text, props, moment)}
      </p>
    </figure>
  );
}
