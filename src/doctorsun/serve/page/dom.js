// Elements made of text: nothing here parses markup, so what a model or a file says stays text.

const SVG = "http://www.w3.org/2000/svg";

/** Put the parts of a line together that are there. */
export const joined = (parts, between = " · ") => parts.filter(Boolean).join(between);

export const find = (id) => document.getElementById(id);

/** Return a new element; `attributes.on` holds listeners, false and null leave an attribute out. */
export function element(tag, attributes = {}, ...children) {
  return furnished(document.createElement(tag), attributes, children);
}

/** Return a new button that sends no form. */
export const button = (attributes, ...children) => element("button", { type: "button", ...attributes }, ...children);

/** Return a new element of a drawing. */
export function drawn(tag, attributes = {}, ...children) {
  return furnished(document.createElementNS(SVG, tag), attributes, children);
}

/** Return a small line drawing for a button. */
export function icon(path) {
  return drawn("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, drawn("path", { d: path }));
}

export const CROSS = "m4 4 8 8m0-8-8 8";
export const FLAG = "M4 14V3h8l-2 3 2 3H4";
export const FRAME = "M3 5V3h2m6 0h2v2m0 6v2h-2m-6 0H3v-2";

function furnished(made, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  for (const [name, listener] of Object.entries(on)) made.addEventListener(name, listener);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
