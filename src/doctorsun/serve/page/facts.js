// What the file's header says, and warnings.

import { element, find } from "./dom.js";
import { tOr } from "./strings.js";

export const planeName = (plane) => tOr(`plane.${plane}`, plane ?? "");

/** Show the facts of a series; nothing for undefined. */
export function showAbout(series) {
  const facts = series ? factsOf(series) : [];
  find("facts").replaceChildren(
    ...facts.map(([name, value]) => element("div", {}, element("dt", {}, tOr(`fact.${name}`, name.replaceAll("_", " "))), element("dd", {}, value))),
  );
  const warnings = series?.warnings ?? [];
  find("warnings").hidden = !warnings.length;
  find("warnings").replaceChildren(...warnings.map((code) => element("li", {}, tOr(`warning.${code}`, code))));
}

function factsOf(series) {
  const own = {
    modality: series.modality,
    plane: planeName(series.plane),
    size: `${series.width} × ${series.height}`,
    num_slices: series.num_slices > 1 ? series.num_slices : null,
    spacing_mm: series.spacing_mm,
  };
  return Object.entries({ ...own, ...series.facts }).map(([name, value]) => [name, written(value)]).filter(([, value]) => value);
}

function written(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(written).join(" × ");
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  return tOr(`value.${value}`, String(value));
}
