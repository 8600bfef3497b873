// Window presets and a window of one's own.

import { element, find, joined } from "./dom.js";
import { t, tOr } from "./strings.js";

const CUSTOM = "custom";
const PIXELS_A_WINDOW = 300; // a drag of so many changes by the whole width
let shown = null;

export const isCustom = (window) => /^-?[\d.]+,[\d.]+$/.test(window ?? "");

/** Start the choice; `onWindow` gets a preset's name or "CENTER,WIDTH". */
export function startWindows(onWindow) {
  find("window").addEventListener("change", () => {
    if (find("window").value === CUSTOM) beginCustom(onWindow);
    else onWindow(find("window").value);
  });
  for (const id of ["center", "width"]) find(id).addEventListener("change", () => sendCustom(onWindow));
}

/** Write the choice for a series and its window. */
export function writeWindows(series, window) {
  shown = { series, window };
  const options = series.windows.map(({ name }) => element("option", { value: name }, windowName(name, series)));
  if (options.length) options.push(element("option", { value: CUSTOM }, t("window.custom")));
  find("window").replaceChildren(...options);
  find("window-field").hidden = !options.length;
  find("window").value = isCustom(window) ? CUSTOM : window ?? "";
  find("custom-window").hidden = !isCustom(window);
  const numbers = windowNumbers(series, window);
  if (isCustom(window)) for (const id of ["center", "width"]) find(id).value = numbers[id];
}

/** Return what a window is called; where the series is told, with the word of its file. */
export function windowName(window, series = null) {
  if (window === null) return "";
  if (isCustom(window)) return t("window.custom");
  const [kind, number = ""] = window.split(/_(?=\d)/); // file_2 is the second of the file
  const word = series?.windows.find((each) => each.name === window)?.explanation;
  return joined([tOr(`window.${kind}`, kind), number, word && `(${word})`], " ");
}

/** Return what a window is called where it cannot be chosen: one of its own by its numbers. */
export const windowTitle = (window) => (isCustom(window) ? `C ${window.replace(",", " W ")}` : windowName(window));

/** Return centre and width of a window, where they are known. */
export function windowNumbers(series, window) {
  if (isCustom(window)) {
    const [center, width] = window.split(",").map(Number);
    return { center, width };
  }
  return series.windows.find((each) => each.name === window);
}

/** Return the window after a drag of so many pixels: the wider the window, the greater its steps. */
export function draggedWindow({ center, width }, right, down) {
  const step = width / PIXELS_A_WINDOW;
  const rounded = (value) => (width > PIXELS_A_WINDOW / 2 ? Math.round(value) : value);
  return `${plain(rounded(center + down * step))},${plain(Math.max(rounded(width + right * step), width / 100))}`;
}

function beginCustom(onWindow) {
  const numbers = windowNumbers(shown.series, shown.window) ?? { center: 0, width: 1 };
  onWindow(`${plain(numbers.center)},${plain(numbers.width)}`);
  find("center").focus();
}

function sendCustom(onWindow) {
  const [center, width] = ["center", "width"].map((id) => find(id).valueAsNumber);
  if (Number.isFinite(center) && width > 0) onWindow(`${plain(center)},${plain(width)}`);
}

/** Write a number without an exponent. */
const plain = (value) => String(Number(value.toFixed(4)));
