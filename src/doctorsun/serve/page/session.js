// What survives a reload: studies by their ids, the view, the conversation and the draft, in this tab only.

const KEPT_AS = "doctorsun.session";
const EMPTY = { studies: [], view: null, exchanges: [], draft: "", pinned: [] };

/** The state of the page; change it, then call `keep`. */
export const session = { ...structuredClone(EMPTY), ...read() };

/** Write the state down; return whether it fitted. */
export function keep() {
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify(session));
    return true;
  } catch {
    return false;
  }
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "{}");
  } catch {
    return {};
  }
}
