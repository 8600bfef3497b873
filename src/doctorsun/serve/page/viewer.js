// The viewer: which study, series, slice and window is shown, and what is said around the picture.

import { find } from "./dom.js";
import { planeName, seriesTitle, showAbout } from "./facts.js";
import { NewestOnly, picture, picturePath } from "./pictures.js";
import { session } from "./session.js";
import { clearPicture, drawBoxes, showPicture, startStage } from "./stage.js";
import { t } from "./strings.js";
import { draggedWindow, isCustom, startWindows, windowName, windowNumbers, writeWindows } from "./windows.js";

const OPPOSITE = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

const slices = new NewestOnly();
const modelViews = new NewestOnly();
let marked = { key: "", objects: [] };
let dragged = null; // the window when the right button was pressed
let report = { onView: () => {}, onFault: () => {} };

/** Start the viewer; `onView` is called after each change, `onFault` with what went wrong and the study's id. */
export function startViewer(listeners) {
  report = listeners;
  startStage({ step, adjust });
  startWindows((window) => change({ window }));
  find("slice").addEventListener("input", () => change({ slice: Number(find("slice").value) }));
}

/** Return the study and the series of a view, or undefined where the page does not know them. */
export function seriesOf(view) {
  const study = session.studies.find((each) => each.id === view?.study);
  const series = study?.series.find((each) => each.index === view.series);
  return series && { study, series };
}

/** Show a series from its default slice, in its default window. */
export function openSeries(study, series) {
  showView({ study: study.id, series: series.index, slice: series.default_slice, window: series.default_window });
}

/** Show a view, or nothing for null. */
export function showView(view) {
  session.view = view && seriesOf(view) ? view : null;
  writeViewer();
  report.onView();
  if (session.view) slices.run(fetchSlice);
}

/** Draw an answer's boxes whenever its view is shown. */
export function markBoxes(view, objects) {
  marked = { key: picturePath({ ...view, window: null }), objects };
  drawMarked();
}

/** Write all words of the viewer for the view it has. */
export function writeViewer() {
  const known = session.view && seriesOf(session.view);
  for (const id of ["tools", "about"]) find(id).hidden = !known;
  find("dropzone").hidden = Boolean(known);
  find("slices").hidden = !known || known.series.num_slices < 2;
  find("stage-fault").hidden = true;
  if (!known) clearPicture();
  find("stage").setAttribute("aria-label", known ? describe(session.view) : t("stage.empty"));
  writeCorners(known);
  showAbout(known);
  if (!known) return;
  writeWindows(known.series, session.view.window);
  const { num_slices: number } = known.series;
  Object.assign(find("slice"), { max: String(number - 1), value: String(session.view.slice) });
  find("slice").setAttribute("aria-valuetext", `${session.view.slice + 1} / ${number}`);
  find("slice-value").textContent = `${session.view.slice + 1} / ${number}`;
}

/** Say in words what a view shows. */
export function describe(view) {
  const { study, series } = seriesOf(view);
  const slice = series.num_slices > 1 && t("stage.slice", { slice: view.slice + 1, number: series.num_slices });
  const window = view.window !== null && t("stage.window", { window: windowName(view.window, series) });
  return [seriesTitle(study, series), slice, window].filter(Boolean).join(", ");
}

function change(part) {
  const changed = { ...session.view, ...part };
  if (picturePath(changed) !== picturePath(session.view)) showView(changed);
}

function step(number) {
  const known = session.view && seriesOf(session.view);
  if (!known || known.series.num_slices < 2) return false;
  change({ slice: Math.min(known.series.num_slices - 1, Math.max(0, session.view.slice + number)) });
  return true;
}

/** Follow a drag with the right button: to the right widens the window, downwards raises its centre. */
function adjust(right, down) {
  const known = session.view && seriesOf(session.view);
  if (right === 0 && down === 0) dragged = known && windowNumbers(known.series, session.view.window);
  else if (dragged) change({ window: draggedWindow(dragged, right, down) });
}

async function fetchSlice() {
  const view = session.view;
  if (!view) return;
  find("stage").setAttribute("aria-busy", "true");
  try {
    const url = await picture(picturePath(view));
    if (session.view?.study !== view.study) return;
    await showPicture(url, describe(view), seriesOf(view).series.spacing_mm);
    drawMarked();
    modelViews.run(() => fetchModelView(view));
  } catch (error) {
    failed(view, error);
  } finally {
    find("stage").removeAttribute("aria-busy");
  }
}

async function fetchModelView(view) {
  if (picturePath(view) !== (session.view && picturePath(session.view))) return;
  try {
    const shown = find("model-picture");
    shown.src = await picture(picturePath(view, "/model"));
    await shown.decode();
    const size = `${shown.naturalWidth} × ${shown.naturalHeight}`;
    shown.alt = t("model.sees.alt", { size });
    find("model-size").textContent = size;
    find("model-view").hidden = false;
  } catch (error) {
    // The slice was just there: it is the engine that does not tell.
    if (error.kind === "missing") find("model-view").hidden = true;
    else failed(view, error);
  }
}

function failed(view, error) {
  if (session.view?.study !== view.study) return;
  if (error.kind === "missing") {
    clearPicture();
    find("stage-fault").textContent = t("expired");
    find("stage-fault").hidden = false;
  }
  report.onFault(error, view.study);
}

function drawMarked() {
  const isShown = session.view && marked.key === picturePath({ ...session.view, window: null });
  drawBoxes(isShown ? marked.objects : []);
}

function writeCorners(known) {
  const corners = { title: "", kind: "", slice: "", window: "" };
  if (known) {
    const { study, series } = known;
    corners.title = seriesTitle(study, series);
    corners.kind = [series.modality, planeName(series.plane)].filter(Boolean).join(" · ");
    corners.slice = series.num_slices > 1 ? `${session.view.slice + 1} / ${series.num_slices}` : "";
    const numbers = windowNumbers(series, session.view.window);
    const name = isCustom(session.view.window) ? "" : windowName(session.view.window, series);
    corners.window = numbers ? [name, `C ${numbers.center}`, `W ${numbers.width}`].filter(Boolean).join("  ") : name;
  }
  for (const [name, text] of Object.entries(corners)) find(`corner-${name}`).textContent = text;
  for (const [name, text] of Object.entries(sidesOf(known?.series))) find(`side-${name}`).textContent = text;
}

/** Return which side of the patient lies at each edge; `orientation` tells where rows and columns go, as in DICOM. */
function sidesOf(series) {
  const [right = "", bottom = ""] = (series?.orientation ?? "").split("\\");
  const opposite = (side) => [...side].map((letter) => OPPOSITE[letter] ?? "").join("");
  return { left: opposite(right), right, top: opposite(bottom), bottom };
}
