// The dark stage: one picture with zoom, pan and boxes, by mouse, touch and keyboard.

import { drawn, find } from "./dom.js";
import { t } from "./strings.js";

const MAX_ZOOM = 16;
const STEP = 1.25;
const MOVE_PX = 40;
const WHEEL_NOTCH_PX = 40;
const [LEFT, RIGHT] = [0, 2];
const LABEL_PX = 13;
const LINE_PX = 2;
const MAX_STRETCH = 20; // beyond it a file's spacing is no spacing

const stage = find("stage");
const canvas = find("canvas");
const image = find("picture");
const overlay = find("boxes");

let stretch = { x: 1, y: 1 }; // how much wider and higher a pixel is shown, for the proportions of the patient
let zoom = 1;
let center = { x: 0.5, y: 0.5 }; // of the frame, in shares of the picture
let objects = [];
let wheel = 0;
let windowing = null; // where the right button was pressed
const pointers = new Map();

/**
 * Start the stage; `step` is called with how many slices to go, and returns whether there are several; `adjust` with
 * how far the right button was dragged since it was pressed, in pixels.
 */
export function startStage({ step, adjust }) {
  find("zoom-in").addEventListener("click", () => zoomBy(STEP));
  find("zoom-out").addEventListener("click", () => zoomBy(1 / STEP));
  find("zoom-fit").addEventListener("click", fit);
  stage.addEventListener("keydown", (event) => onKey(event, step));
  stage.addEventListener("wheel", (event) => onWheel(event, step), { passive: false });
  stage.addEventListener("pointerdown", (event) => onPointerDown(event, adjust));
  stage.addEventListener("pointermove", (event) => onPointerMove(event, adjust));
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, endDrag);
  new ResizeObserver(layOut).observe(stage);
}

/** Show a picture in the proportions of its spacing [row, column], if known; the zoom stays when the size does. */
export async function showPicture(url, description, spacing_mm) {
  const before = String(Object.values(size()));
  image.src = url;
  image.alt = description;
  await image.decode();
  canvas.hidden = false;
  stretch = stretchOf(spacing_mm);
  if (before === String(Object.values(size()))) layOut();
  else fit();
}

export function clearPicture() {
  image.removeAttribute("src");
  image.alt = "";
  canvas.hidden = true;
  drawBoxes([]);
}

/** Draw labelled boxes over the picture, in its pixels. */
export function drawBoxes(boxes) {
  objects = boxes;
  layOut();
}

export function fit() {
  zoom = 1;
  center = { x: 0.5, y: 0.5 };
  layOut();
}

function zoomBy(factor, at = { x: stage.clientWidth / 2, y: stage.clientHeight / 2 }) {
  const before = scale();
  zoom = Math.min(MAX_ZOOM, Math.max(1, zoom * factor));
  const change = 1 / before - 1 / scale();
  center.x += ((at.x - stage.clientWidth / 2) * change) / size().width;
  center.y += ((at.y - stage.clientHeight / 2) * change) / size().height;
  layOut();
}

function moveBy(x, y) {
  center.x -= x / scale() / size().width;
  center.y -= y / scale() / size().height;
  layOut();
}

/** Return how large the picture is in its proportions; the shorter side of its pixels counts 1. */
const size = () => ({ width: image.naturalWidth * stretch.x, height: image.naturalHeight * stretch.y });

function stretchOf(spacing_mm) {
  const [row, column] = spacing_mm ?? [1, 1];
  const shorter = Math.min(row, column);
  const found = { x: column / shorter, y: row / shorter };
  return Math.max(found.x, found.y) <= MAX_STRETCH ? found : { x: 1, y: 1 };
}

function scale() {
  const { width, height } = size();
  return zoom * Math.min(stage.clientWidth / width, stage.clientHeight / height);
}

function layOut() {
  const { width, height } = size();
  find("zoom-value").textContent = `${Math.round(zoom * 100)}%`;
  stage.classList.toggle("zoomed", zoom > 1);
  if (!width || canvas.hidden) return;
  const times = scale();
  center.x = kept(center.x, stage.clientWidth / times / width);
  center.y = kept(center.y, stage.clientHeight / times / height);
  const left = stage.clientWidth / 2 - center.x * width * times;
  const top = stage.clientHeight / 2 - center.y * height * times;
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  canvas.style.transform = `translate(${left}px, ${top}px) scale(${times})`;
  overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
  overlay.replaceChildren(...objects.flatMap((object) => box(object, times)));
}

/** Keep the frame inside the picture, or the picture in the middle where it is smaller. */
function kept(middle, shown) {
  return shown >= 1 ? 0.5 : Math.min(1 - shown / 2, Math.max(shown / 2, middle));
}

function box({ label, box_px }, times) {
  const [x0, y0, x1, y1] = box_px.map((each, place) => each * (place % 2 ? stretch.y : stretch.x));
  const font = LABEL_PX / times;
  const below = y0 < font * 1.6;
  const base = below ? y1 + font * 1.2 : y0 - font * 0.45;
  const text = drawn("text", { x: x0, y: base, "font-size": font, "stroke-width": font / 4 });
  text.textContent = label || t("box");
  const [width, height] = [Math.max(0, x1 - x0), Math.max(0, y1 - y0)];
  return [drawn("rect", { x: x0, y: y0, width, height, "stroke-width": LINE_PX / times }), text];
}

function onKey(event, step) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const ends = { PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
  const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, ...ends };
  const zooms = { "+": STEP, "=": STEP, "-": 1 / STEP };
  if (event.shiftKey && moves[event.key]) moveBy(...moves[event.key].map((each) => each * MOVE_PX));
  else if (zooms[event.key]) zoomBy(zooms[event.key]);
  else if (event.key === "0") fit();
  else if (!steps[event.key] || !step(steps[event.key])) return;
  event.preventDefault();
}

function onWheel(event, step) {
  if (canvas.hidden) return;
  event.preventDefault();
  if (event.ctrlKey || event.metaKey || !step(0)) {
    zoomBy(event.deltaY < 0 ? STEP : 1 / STEP, placeOf(event));
    return;
  }
  wheel += event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * WHEEL_NOTCH_PX;
  const notches = Math.trunc(wheel / WHEEL_NOTCH_PX);
  wheel -= notches * WHEEL_NOTCH_PX;
  if (notches) step(Math.sign(notches) * Math.min(3, Math.abs(notches)));
}

function onPointerDown(event, adjust) {
  if (canvas.hidden || ![LEFT, RIGHT].includes(event.button)) return;
  if (event.button === RIGHT) {
    windowing = placeOf(event);
    adjust(0, 0);
  } else pointers.set(event.pointerId, placeOf(event));
  stage.setPointerCapture(event.pointerId);
}

function endDrag(event) {
  pointers.delete(event.pointerId);
  windowing = null;
}

function onPointerMove(event, adjust) {
  if (windowing) {
    const now = placeOf(event);
    adjust(now.x - windowing.x, now.y - windowing.y);
    return;
  }
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = placeOf(event);
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  pointers.set(event.pointerId, now);
  if (other) zoomBy(apart(now, other) / Math.max(1, apart(before, other)), other);
  else moveBy(now.x - before.x, now.y - before.y);
}

const apart = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

function placeOf(event) {
  const frame = stage.getBoundingClientRect();
  return { x: event.clientX - frame.left, y: event.clientY - frame.top };
}
