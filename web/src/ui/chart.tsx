// SPDX-License-Identifier: Apache-2.0

// A line chart: uPlot, in the colours of the page. The title is a caption, so it is read to those who do not see it,
// with the last value of each line.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useText } from "../text";

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

function options(at: HTMLElement, { lines, span, stepped }: Props, locale: string): uPlot.Options {
  const { axis, grid, lines: strokes, font } = colours(at);
  const axes = { stroke: axis, font, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  const paths = stepped ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {};
  return {
    width: Math.max(at.clientWidth, 200),
    height: kHeight,
    legend: { show: false },
    cursor: { show: false },
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

export function Chart(props: Props) {
  const { title, times, lines, stepped = false } = props;
  const text = useText();
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const shape = `${lines.length} ${stepped} ${text.locale}`;
  const now = useRef(props);
  now.current = props;
  const data = (): uPlot.AlignedData => [now.current.times, ...now.current.lines.map((line) => line.values)];

  useEffect(() => {
    const at = place.current!;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(options(at, now.current, text.locale), data(), at);
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
      <div ref={place} aria-hidden="true" />
    </figure>
  );
}
