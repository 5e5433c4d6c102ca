// SPDX-License-Identifier: Apache-2.0

// The map of the country, before anything was searched: a place on it is a search too. Those who do not see it have the
// ZIP code.
import { geoAlbersUsa, geoPath } from "d3-geo";
import { useMemo } from "preact/hooks";
import { feature, mesh } from "topojson-client";
import type { Point } from "../api/types";
import { useText } from "../text";
import { useAtlas } from "./atlas";
import type { Atlas } from "./geometry";

const kWidth = 975;
const kHeight = 610;

function countryOf(atlas: Atlas) {
  const { states } = atlas.objects;
  const projection = geoAlbersUsa().fitSize([kWidth, kHeight], feature(atlas, states));
  const path = geoPath(projection).digits(1);
  return {
    projection,
    land: path(feature(atlas, states)) ?? "",
    borders: path(mesh(atlas, states, (a, b) => a !== b)) ?? "",
  };
}

export default function Country({ choose }: { choose(point: Point): void }) {
  const text = useText();
  const atlas = useAtlas(false);
  const country = useMemo(() => atlas && countryOf(atlas), [atlas]);
  const click = (event: MouseEvent) => {
    const svg = event.currentTarget as SVGSVGElement;
    const to = svg.getScreenCTM()?.inverse();
    if (!country || !to) return;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(to);
    const place = country.projection.invert?.([x, y]);
    if (place) choose({ lat: place[1], lon: place[0] });
  };
  return (
    <figure class="country">
      <svg viewBox={`0 0 ${kWidth} ${kHeight}`} aria-hidden="true" onClick={click}>
        {country && (
          <>
            <path class="land" d={country.land} />
            <path class="county" d={country.borders} />
          </>
        )}
      </svg>
      <figcaption class="quiet">{text.orMap}</figcaption>
    </figure>
  );
}
