// What a refusal of the server is called: in English in its own words, in Chinese by status and code, then its words.

import { hasText, t } from "./strings.js";

/** Return what went wrong in the language shown. */
export function faultWords({ status, code, message }) {
  if (!status) return message; // of the page itself
  const keys = [`reason.${status}.${code}`, `reason.${status}`, "reason"];
  return t(keys.find(hasText), { message });
}

const BUSY = { studies: "fault.studies", wrong_keys: "fault.wrong_keys" };

/** Return the key of the text for a refusal of kind busy. */
export const busyKey = ({ code }) => BUSY[code] ?? "fault.busy";
