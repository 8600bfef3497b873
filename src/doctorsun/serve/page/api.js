// The server's API: one door for every request, with the key, and one kind of error.

import { recall, remember } from "./storage.js";

const ROOT = new URL("../", import.meta.url);
const KEY_KEPT_AS = "doctorsun.key";
const SLOW_DOWN_S = 1;
const KINDS = { 401: "key", 404: "missing", 429: "busy", 502: "engine", 503: "engine", 504: "engine", 507: "refused" };

/**
 * What went wrong: `kind` is network, key, busy, engine, missing, refused or server; `message` is the server's, with
 * its `status` and `code`; a message of the page itself has neither.
 */
export class ApiError extends Error {
  constructor(kind, message = "", { status = 0, code = "", retryAfter_s = SLOW_DOWN_S } = {}) {
    super(message);
    Object.assign(this, { kind, status, code, retryAfter_s });
  }
}

let askForKey = async () => null;
let asking = null;

/** Say who is asked for the key: gets whether one was refused already, resolves to a key or null. */
export function setKeyAsker(asker) {
  askForKey = asker;
}

export const address = (path) => new URL(path, ROOT);

export function keyHeaders() {
  const key = recall("sessionStorage", KEY_KEPT_AS);
  return key === null ? {} : { Authorization: `Bearer ${key}` };
}

/** Send a request and return the response; asks for the key when it is missing or wrong. */
export async function request(path, { method = "GET", headers = {}, body, signal } = {}) {
  for (;;) {
    const used = keyHeaders();
    const settings = { method, body, signal, cache: "no-store", redirect: "error" };
    const response = await fetched(address(path), { ...settings, headers: { ...headers, ...used } }, signal);
    if (response.ok) return response;
    if (response.status !== 401) throw failure(response.status, response.headers, await response.text());
    await renewKey(used);
  }
}

export const getJson = async (path, options) => (await request(path, options)).json();

export async function postJson(path, value, options = {}) {
  const headers = { "Content-Type": "application/json" };
  return request(path, { ...options, method: "POST", headers, body: JSON.stringify(value) });
}

/** Return whether the server answers questions now. */
export async function isReady() {
  try {
    return (await fetch(address("readyz"), { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** Have the key that was `used` replaced; requests that fail at the same time wait for the same question. */
export async function renewKey(used) {
  if (used.Authorization !== keyHeaders().Authorization) return;
  asking ??= askForKey(used.Authorization !== undefined).finally(() => { asking = null; });
  const key = await asking;
  if (key === null) throw new ApiError("key");
  remember("sessionStorage", KEY_KEPT_AS, key);
}

/** Return the error of a refusal; `headers` has a `get`. */
export function failure(status, headers, text) {
  const { message = String(status), code = "" } = serverError(text);
  const retryAfter_s = Number(headers.get("Retry-After")) || SLOW_DOWN_S;
  const kind = KINDS[status] ?? (status < 500 ? "refused" : "server");
  return new ApiError(kind, String(message), { status, code: String(code), retryAfter_s });
}

async function fetched(url, settings, signal) {
  try {
    return await fetch(url, settings);
  } catch (error) {
    throw signal?.aborted ? error : new ApiError("network");
  }
}

function serverError(text) {
  try {
    return JSON.parse(text).error ?? {};
  } catch {
    return {};
  }
}
