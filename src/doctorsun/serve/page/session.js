// What survives a reload: studies by their ids, the view, the conversation and the draft, in this tab only.

import { recall, remember } from "./storage.js";

const KEPT_AS = "doctorsun.session";
const EMPTY = { studies: [], view: null, exchanges: [], draft: "", pinned: [] };

/** The state of the page; change it, then call `keep`. */
export const session = { ...structuredClone(EMPTY), ...read() };

/** Write the state down; return whether it will outlive the page. */
export const keep = () => remember("sessionStorage", KEPT_AS, JSON.stringify(session));

function read() {
  try {
    return JSON.parse(recall("sessionStorage", KEPT_AS) ?? "{}");
  } catch {
    return {};
  }
}
