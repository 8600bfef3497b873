// From dropped or chosen files to a study on the server.

import { address, ApiError, failure, keyHeaders, renewKey } from "./api.js";
import { element, find } from "./dom.js";
import { titleWithNumber } from "./facts.js";
import { t } from "./strings.js";
import { fits, zipped } from "./zip.js";

const JUNK = /^(\.|DICOMDIR$|Thumbs\.db$|desktop\.ini$)/i;

/** Let files be dropped anywhere and chosen; `onFiles` gets a list of them. */
export function startChoosing(onFiles) {
  for (const [button, input] of [["choose-files", "files"], ["choose-folder", "folder"]]) {
    find(button).addEventListener("click", () => find(input).click());
    find(input).addEventListener("change", () => {
      const files = [...find(input).files];
      find(input).value = "";
      if (files.length) onFiles(files);
    });
  }
  let depth = 0;
  const over = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => { if (holdsFiles(event)) over(1); });
  addEventListener("dragleave", (event) => { if (holdsFiles(event)) over(-1); });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    over(-depth);
    onFiles(await droppedFiles(event.dataTransfer));
  });
}

/** Send files as one study and return what the server says of it, and the title for it. */
export async function sendStudy(files, signal) {
  const wanted = files.filter((file) => !JUNK.test(file.name) && file.size > 0);
  if (!wanted.length) throw new ApiError("refused", t("fault.none"));
  if (wanted.length > 1 && !fits(wanted)) throw new ApiError("refused", t("fault.many"));
  const title = titleOf(wanted);
  const name = titleWithNumber(title, wanted.length);
  showProgress(t("packing", { number: wanted.length }));
  try {
    const packing = (done) => {
      signal.throwIfAborted();
      showProgress(t("packing", { number: wanted.length }), done / wanted.length);
    };
    const body = wanted.length === 1 ? wanted[0] : await zipped(wanted, packing);
    const study = await posted(body, name, signal);
    // What stands in an archive that was sent as it is, the page does not know.
    const skipped_names = wanted.length > 1 ? study.skipped.map((place) => wanted[place].name) : [];
    if (wanted.length > 1) for (const each of study.series) each.file_name = wanted[each.member]?.name;
    return { title, num_files: wanted.length, skipped_names, study };
  } finally {
    find("upload").hidden = true;
  }
}

/** Return what files are called on the page: their folder, or the first of them. */
export function titleOf(files) {
  const folder = files[0].webkitRelativePath?.split("/")[0];
  return (files.length > 1 && folder) || files[0].name;
}

async function posted(body, title, signal) {
  for (;;) {
    const used = keyHeaders();
    const reply = await exchanged(body, used, title, signal);
    if (reply.status === 201) return JSON.parse(reply.responseText);
    const headers = { get: (name) => reply.getResponseHeader(name) };
    if (reply.status !== 401) throw failure(reply.status, headers, reply.responseText);
    await renewKey(used);
  }
}

/** Post a body the older way, which alone tells how much of it has gone. */
function exchanged(body, headers, title, signal) {
  return new Promise((resolve, reject) => {
    const exchange = new XMLHttpRequest();
    exchange.open("POST", address("v1/studies"));
    exchange.setRequestHeader("Content-Type", "application/octet-stream");
    for (const [name, value] of Object.entries(headers)) exchange.setRequestHeader(name, value);
    exchange.upload.addEventListener("progress", ({ loaded, total }) => {
      showProgress(t("uploading", { name: title }), loaded / total);
    });
    exchange.upload.addEventListener("load", () => showProgress(t("reading", { name: title })));
    exchange.addEventListener("load", () => resolve(exchange));
    exchange.addEventListener("error", () => reject(new ApiError("network")));
    exchange.addEventListener("abort", () => reject(signal.reason));
    signal.addEventListener("abort", () => exchange.abort());
    exchange.send(body);
  });
}

function showProgress(text, share) {
  find("upload").hidden = false;
  find("upload-text").textContent = text;
  const bar = element("progress", { id: "upload-progress", max: "1", value: share });
  find("upload-progress").replaceWith(bar);
}

/** Return the files of a drop, those inside folders too. */
async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => { entry.file(resolve, reject); })];
  const reader = entry.createReader();
  const inside = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map(filesOf))).flat();
}
