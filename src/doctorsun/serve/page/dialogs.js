// The two dialogs: the key, and the report of a wrong answer.

import { postJson } from "./api.js";
import { find } from "./dom.js";
import { busyKey, faultWords } from "./faults.js";
import { t } from "./strings.js";

/** Ask for the key; resolves to it, or to null when there is none. */
export function askForKey(wasRefused) {
  const dialog = find("key-dialog");
  find("key").value = "";
  find("key-fault").hidden = !wasRefused;
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue || null), { once: true });
  });
}

let reported = null;

/** Start both dialogs; `onReported` is called when a report is stored. */
export function startDialogs(onReported) {
  closing("key", () => find("key-dialog").close(find("key").value.trim()));
  closing("report", () => sendReport(onReported));
}

/** Ask what is wrong with the answer of an exchange. */
export function openReport(exchange) {
  reported = exchange;
  for (const id of ["reason", "expected"]) find(id).value = "";
  find("report-answer").textContent = exchange.answer.text;
  find("report-fault").hidden = true;
  find("report-dialog").showModal();
}

function closing(name, submit) {
  const dialog = find(`${name}-dialog`);
  const cancel = () => dialog.close("");
  find(`${name}-cancel`).addEventListener("click", cancel);
  // Esc would keep the value of the last time.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    cancel();
  });
  find(`${name}-form`).addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
}

async function sendReport(onReported) {
  const { question, answer } = reported;
  const expected = find("expected").value.trim();
  const reason = find("reason").value.trim();
  const report = { answer_id: answer.id, reason, question: question.text, answer: answer.text };
  try {
    await postJson("v1/reports", expected ? { ...report, expected } : report);
    answer.reported = true;
    find("report-dialog").close("");
    onReported();
  } catch (error) {
    const key = { network: "fault.network", busy: busyKey(error), key: "fault.key" }[error.kind] ?? "fault.refused";
    find("report-fault").textContent = t(key, { message: faultWords(error), seconds: error.retryAfter_s });
    find("report-fault").hidden = false;
  }
}
