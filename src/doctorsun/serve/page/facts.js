// What the file's header says, and warnings.

import { element, find, joined } from "./dom.js";
import { t, tOr } from "./strings.js";

const MAX_NAMES = 8;

export const planeName = (plane) => tOr(`plane.${plane}`, plane ?? "");

/** Return a title with the number of its files, where they are several. */
export const titleWithNumber = (title, number) => (number > 1 ? `${title} · ${t("files", { number })}` : title);

export const studyTitle = (study) => titleWithNumber(study.title, study.num_files);

/** Return what a series is called among those of its study: its own file, else its kind and number; empty if alone. */
export function seriesName(study, series) {
  const sources = [...new Map(study.series.map((each) => [sourceOf(each), each])).values()];
  if (sources.length === 1) return "";
  if (series.file_name) return series.file_name;
  const alike = sources.filter((each) => kindName(each) === kindName(series));
  return `${kindName(series)} ${1 + alike.findIndex((each) => sourceOf(each) === sourceOf(series))}`;
}

/** Return what a series is called anywhere: by its study, and by its own name where it has one. */
export const seriesTitle = (study, series) => joined([studyTitle(study), seriesName(study, series)]);

const sourceOf = ({ member, index }) => (member === null ? `series ${index}` : member);

const kindName = ({ modality, kind }) => modality || t(`kind.${kind}`);

/** Show the facts of a series of a study; nothing for undefined. */
export function showAbout(known) {
  const facts = known ? factsOf(known.series) : [];
  find("facts").replaceChildren(...facts.map(([name, value]) => factLine(name, value)));
  const warnings = known ? warningsOf(known) : [];
  find("warnings").hidden = !warnings.length;
  find("warnings").replaceChildren(...warnings.map((text) => element("li", {}, text)));
}

function factLine(name, value) {
  const called = tOr(`fact.${name}`, name.replaceAll("_", " "));
  return element("div", {}, element("dt", {}, called), element("dd", {}, value));
}

function warningsOf({ study, series }) {
  const skipped = study.num_skipped ? [t("skipped", { which: skippedFiles(study) })] : [];
  return [...series.warnings.map((code) => tOr(`warning.${code}`, code)), ...skipped];
}

/** Return the names of the files that are not shown, or how many they are where the page knows no names. */
function skippedFiles({ num_skipped: number, skipped_names: names }) {
  if (!names.length) return number;
  const more = number > MAX_NAMES ? ` … (${number})` : "";
  return names.slice(0, MAX_NAMES).join(", ") + more;
}

function factsOf(series) {
  const own = {
    modality: series.modality,
    plane: planeName(series.plane),
    size: `${series.width} × ${series.height}`,
    num_slices: series.num_slices > 1 ? series.num_slices : null,
    spacing_mm: series.spacing_mm,
  };
  const all = Object.entries({ ...own, ...series.facts }).map(([name, value]) => [name, written(value)]);
  return all.filter(([, value]) => value);
}

function written(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(written).join(" × ");
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  return tOr(`value.${value}`, String(value));
}
