// The line that says what went wrong, and watches for the server to come back.

import { isReady } from "./api.js";
import { find } from "./dom.js";
import { busyKey, faultWords } from "./faults.js";
import { t } from "./strings.js";

const WATCH_MS = 3000;
const THANKS_MS = 5000;

let shown = null;
let watch = null;
let onBack = () => {};

/** Start the banner; `back` is called when a server that was down answers again. */
export function startBanner(back) {
  onBack = back;
  find("banner-close").addEventListener("click", hideBanner);
}

/** Show a text of the dictionary; `values.error` is told as its {message}, `action` is {key, run} for a button. */
export function showBanner(kind, key, values = {}, action = null) {
  shown = { kind, key, values, action };
  writeBanner();
  if (kind === "note") {
    const mine = shown;
    setTimeout(() => { if (shown === mine) hideBanner(); }, THANKS_MS);
  }
}

/** Show what went wrong; `retry` is offered where trying again can help. */
export function showFault(error, retry = null) {
  const action = retry && { key: "retry", run: retry };
  if (error.kind === "network" || error.kind === "engine") {
    showBanner("fault", `fault.${error.kind}`, {}, action);
    watch ??= setInterval(lookAgain, WATCH_MS);
  } else if (error.kind === "busy") showBanner("wait", busyKey(error), { seconds: error.retryAfter_s }, action);
  else if (error.kind === "key") showBanner("wait", "fault.key", {}, action);
  else if (error.kind === "server") showBanner("fault", "fault.server", { error }, action);
  else showBanner("fault", "fault.refused", { error });
}

export function hideBanner() {
  shown = null;
  find("banner").hidden = true;
}

/** Write the banner in the language shown. */
export function writeBanner() {
  if (!shown) return;
  const { kind, key, values, action } = shown;
  find("banner").className = `banner ${kind}`;
  find("banner-text").textContent = t(key, { ...values, message: values.error && faultWords(values.error) });
  find("banner-action").hidden = !action;
  if (action) {
    find("banner-action").textContent = t(action.key);
    find("banner-action").onclick = () => {
      hideBanner();
      action.run();
    };
  }
  find("banner").hidden = false;
}

async function lookAgain() {
  if (!(await isReady())) return;
  clearInterval(watch);
  watch = null;
  const isAboutIt = shown && ["fault.network", "fault.engine"].includes(shown.key);
  if (isAboutIt) showBanner("note", "fault.back", {}, shown.action);
  onBack();
}
