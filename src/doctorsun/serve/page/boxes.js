// An answer's text and the boxes in it: what the model wrote as markup becomes labels, with places in the picture.

import { t } from "./strings.js";

const MARKED = /(?:<ref>([^<>]*)<\/ref>\s*)?<box>([^<>]*)<\/box>/g;
const NUMBERS = /^\s*\[\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]\]\s*$/;

/**
 * Return the parts of an answer: {text}, or {label, object, note} of a box.
 *
 * `object` is the server's, with the place in the picture; where there is none, `note` says why.
 */
export function answerParts({ text, objects, state }) {
  const left = [...objects];
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(MARKED)) {
    const label = (match[1] ?? "").trim();
    const object = isBox(match[2]) ? taken(left, label) : null;
    // The server tells places with the end of an answer.
    const note = object || state === "streaming" ? "" : noteOn(match[2]);
    parts.push({ text: text.slice(end, match.index) }, { label: label || t("box"), object, note });
    end = match.index + match[0].length;
  }
  return [...parts, { text: text.slice(end) }].filter((each) => each.text !== "");
}

/** Return an answer as plain text, with the pixels of its boxes. */
export const plainAnswer = (answer) => answerParts(answer).map(plainPart).join("");

/** Return a box without a place as text. */
export const unplaced = ({ label, note }) => (note ? `${label} ${t("box.note", { note })}` : label);

const plainPart = (part) => {
  if (part.text !== undefined) return part.text;
  return part.object ? `${part.label} ${t("box.pixels", { numbers: part.object.box_px.join(", ") })}` : unplaced(part);
};

function isBox(inside) {
  const [x0, y0, x1, y1] = (NUMBERS.exec(inside) ?? []).slice(1).map(Number);
  return x0 < x1 && y0 < y1;
}

const noteOn = (inside) => (isBox(inside) ? t("box.unplaced", { numbers: inside.trim() }) : t("box.invalid"));

/** Take the next object of this label out of those that are left. */
function taken(left, label) {
  const place = left.findIndex((each) => each.label === label);
  return place < 0 ? null : left.splice(place, 1)[0];
}
