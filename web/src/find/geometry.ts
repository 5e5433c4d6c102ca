// SPDX-License-Identifier: Apache-2.0

// Where things are on the map. Pure: points and borders in, paths out.
//
// The map is an azimuthal equidistant one around the place of the search, so that a circle around it on the map is a
// circle on the ground: what looks nearer is nearer. Borders are cut to a circle around the view before they are drawn,
// which keeps a map of a few miles quick although all the counties of the country are known.
import { geoAzimuthalEquidistant, geoDistance, geoPath, type GeoProjection } from "d3-geo";
import { feature, mesh } from "topojson-client";
import type { Point } from "../api/types";
import type { GeometryCollection, Topology } from "topojson-specification";

export type Atlas = Topology<{
  states: GeometryCollection<{ name: string }>;
  counties?: GeometryCollection<{ name: string }>;
}>;

export const kSize = 600; // of the square map, in its own units
const kMargin = 0.92; // the search's circle takes this part of it
const kEarthMetres = 6_371_008.8;
export const kMetres = { mi: 1609.344, km: 1000 } as const;

export interface Frame {
  center: Point;
  radius: number; // of the search's circle, in units of the map
  place(point: Point): [number, number];
  projection: GeoProjection;
}

export function frameOf(center: Point, within: number, unit: "mi" | "km"): Frame {
  const angle = (within * kMetres[unit]) / kEarthMetres; // radians
  const radius = (kSize / 2) * kMargin;
  const cut = Math.min(179, ((angle * 180) / Math.PI / kMargin) * Math.SQRT2 * 1.1);
  const projection = geoAzimuthalEquidistant()
    .rotate([-center.lon, -center.lat])
    .clipAngle(cut)
    .scale(radius / angle)
    .translate([kSize / 2, kSize / 2])
    .precision(0.5);
  return {
    center,
    radius,
    projection,
    place: ({ lat, lon }) => projection([lon, lat]) ?? [-kSize, -kSize],
  };
}

export interface Borders {
  land: string;
  states: string;
  counties: string;
  names: { name: string; x: number; y: number }[];
}

const kNamesMax = 16; // county names on one map; more than this is noise

export function bordersOf(atlas: Atlas, frame: Frame): Borders {
  const path = geoPath(frame.projection).digits(1);
  const { states, counties } = atlas.objects;
  return {
    land: path(feature(atlas, states)) ?? "",
    states: path(mesh(atlas, states, (a, b) => a !== b)) ?? "",
    counties: counties ? (path(mesh(atlas, counties, (a, b) => a !== b)) ?? "") : "",
    names: counties ? countyNames(atlas, counties, frame) : [],
  };
}

// Names of the counties whose visible part is large enough to carry one.
function countyNames(atlas: Atlas, counties: GeometryCollection<{ name: string }>, frame: Frame) {
  const path = geoPath(frame.projection);
  const here: [number, number] = [frame.center.lon, frame.center.lat];
  const reach = ((frame.projection.clipAngle() ?? 0) * Math.PI) / 180 + 0.03; // a county is smaller than that
  const found: Borders["names"] = [];
  for (const county of feature(atlas, counties).features) {
    const ring = county.geometry.type === "Polygon" ? county.geometry.coordinates[0] : undefined;
    const any =
      ring?.[0] ??
      (county.geometry.type === "MultiPolygon" ? county.geometry.coordinates[0]?.[0]?.[0] : undefined);
    if (!any || geoDistance(here, any as [number, number]) > reach) continue;
    const [x, y] = path.centroid(county);
    const inside = x > 60 && x < kSize - 60 && y > 20 && y < kSize - 20;
    if (inside && path.area(county) > 2500) found.push({ name: county.properties.name, x, y });
  }
  return found.slice(0, kNamesMax);
}
