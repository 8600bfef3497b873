// Pictures from the server: fetched with the key, kept as blob addresses, the newest wish first.

import { request } from "./api.js";

const MAX_KEPT = 96;
const kept = new Map();

/** Where a view is: `view` has study, series, slice and window (null: the file's own). */
export function picturePath(view, end = "") {
  return `v1/studies/${encodeURIComponent(view.study)}/slices/${view.slice}${end}?${queryOf(view)}`;
}

/** How a question names a view. */
export function studyReference(view) {
  return `study:${view.study}?series=${view.series}&slice=${view.slice}${windowOf(view)}`;
}

/** Return the blob address of a picture. */
export function picture(path) {
  const known = kept.get(path);
  if (known) {
    kept.delete(path);
    kept.set(path, known);
    return known;
  }
  const wanted = fetchedPicture(path);
  kept.set(path, wanted);
  wanted.catch(() => kept.delete(path));
  if (kept.size > MAX_KEPT) forgetOldest();
  return wanted;
}

/** Runs one job at a time; of those that come meanwhile only the newest is run. */
export class NewestOnly {
  #running = false;
  #next = null;

  async run(job) {
    this.#next = job;
    if (this.#running) return;
    this.#running = true;
    while (this.#next) {
      const now = this.#next;
      this.#next = null;
      await now();
    }
    this.#running = false;
  }
}

async function fetchedPicture(path) {
  const response = await request(path);
  return URL.createObjectURL(await response.blob());
}

function forgetOldest() {
  const [path, wanted] = kept.entries().next().value;
  kept.delete(path);
  wanted.then((url) => URL.revokeObjectURL(url), () => {});
}

const queryOf = (view) => `series=${view.series}${windowOf(view)}`;

function windowOf({ window }) {
  return window === null ? "" : `&window=${encodeURIComponent(window).replace("%2C", ",")}`;
}
