// The page put together: studies, viewer, conversation, and what the server says of itself.

import { ApiError, getJson, setKeyAsker } from "./api.js";
import { hideBanner, showBanner, showFault, startBanner, writeBanner } from "./banner.js";
import { plainAnswer } from "./boxes.js";
import { clearQuestion, restoreQuestion, showAnswering, startComposer } from "./composer.js";
import { writeAttached, writeComposer } from "./composer.js";
import { askForKey, openReport, startDialogs } from "./dialogs.js";
import { element, find } from "./dom.js";
import { ask, newExchange } from "./exchange.js";
import { studyReference } from "./pictures.js";
import { asMarkdown, asValue, download, toClipboard } from "./saving.js";
import { markExpired, pressShown, writeSeries } from "./series_list.js";
import { keep, session } from "./session.js";
import { startLanguages, t, tOr } from "./strings.js";
import { showLastTurn, startTurns, writeLastAnswer, writeTurns } from "./turns.js";
import { sendStudy, startChoosing, titleOf } from "./upload.js";
import { markBoxes, openSeries, showView, startViewer, writeViewer } from "./viewer.js";

let model = null;
let answering = null;
let uploading = null;
let wasKept = true;

function save() {
  const isNew = wasKept;
  wasKept = keep();
  if (!wasKept && isNew) showBanner("wait", "fault.keep");
}

async function loadModel() {
  try {
    const { data: [card] } = await getJson("v1/models");
    model = card;
    writeModel();
  } catch (error) {
    showFault(error, loadModel);
  }
}

function writeModel() {
  if (!model) return;
  const engine = tOr(`engine.${model.engine}`, "");
  const revision = [` · ${t("revision")} `, element("code", {}, model.revision.slice(0, 12))];
  find("model").replaceChildren(`${t("model")} `, element("b", {}, model.id), ...revision, engine && ` · ${engine}`);
  find("model").title = `${model.id} ${model.revision}`;
}

async function open(files) {
  uploading?.abort();
  const mine = new AbortController();
  uploading = mine;
  hideBanner();
  try {
    const { study, ...named } = await sendStudy(files, mine.signal);
    session.studies.push({ ...study, ...named });
    openSeries(session.studies.at(-1), study.series[0]);
    writeSeries();
  } catch (error) {
    if (!(error instanceof ApiError)) {
      if (!mine.signal.aborted) throw error;
    } else if (error.kind === "refused") {
      showBanner("fault", "fault.file", { name: files.length ? titleOf(files) : "", error });
    } else showFault(error, () => open(files));
  }
}

async function send(question) {
  if (answering) return;
  answering = new AbortController();
  const exchange = newExchange(question, "");
  hideBanner();
  showAnswering(true);
  try {
    if (!model) model = (await getJson("v1/models")).data[0];
    exchange.answer.model = model.id;
    session.exchanges.push(exchange);
    clearQuestion();
    writeTurns();
    showLastTurn();
    find("spoken").textContent = t("answering");
    await ask(session.exchanges, { signal: answering.signal, onGrowth: writeLastAnswer });
    finished(exchange);
  } catch (error) {
    broken(exchange, error);
  } finally {
    answering = null;
    showAnswering(false);
    save();
  }
}

function finished(exchange) {
  writeLastAnswer();
  showLastTurn();
  writeAttached();
  if (exchange.answer.revision !== model.revision) loadModel();
  find("spoken").textContent = t("answered", { text: plainAnswer(exchange.answer) });
  showObjects(exchange);
}

/** End an exchange that was stopped or failed; with no answer at all its question goes back to where it was written. */
function broken(exchange, error) {
  const wasStopped = answering.signal.aborted;
  if (!wasStopped && !(error instanceof ApiError)) throw error;
  exchange.answer.state = wasStopped ? "stopped" : "failed";
  const isEmpty = !exchange.answer.text;
  if (isEmpty) session.exchanges = session.exchanges.filter((each) => each !== exchange);
  writeTurns();
  if (isEmpty) restoreQuestion(exchange.question);
  find("spoken").textContent = t(wasStopped ? "stopped" : "unfinished");
  if (wasStopped) return;
  if (error.kind === "missing") loadModel();
  showFault(error, isEmpty ? () => find("composer").requestSubmit() : null);
}

function showObjects({ answer }) {
  const [first] = answer.objects.filter((each) => each.view);
  const isOnTheSame = ({ view }) => view && studyReference(view) === studyReference(first.view);
  if (first) markBoxes(first.view, answer.objects.filter(isOnTheSame));
}

function startActions() {
  const name = () => `doctorsun-${new Date().toISOString().slice(0, 16).replaceAll(":", "-")}`;
  const known = () => model ?? { id: "", revision: "" };
  find("copy").addEventListener("click", async () => {
    await toClipboard(asMarkdown(session.exchanges, known()));
    showBanner("note", "copied");
  });
  find("save-markdown").addEventListener("click", () => {
    download(`${name()}.md`, asMarkdown(session.exchanges, known()), "text/markdown");
  });
  find("save-json").addEventListener("click", () => {
    download(`${name()}.json`, JSON.stringify(asValue(session.exchanges, known()), null, 2), "application/json");
  });
  find("begin-anew").addEventListener("click", () => {
    answering?.abort();
    session.exchanges = [];
    save();
    writeTurns();
    writeAttached();
    find("question").focus();
  });
  find("upload-cancel").addEventListener("click", () => uploading?.abort());
}

function writeAll() {
  writeModel();
  writeBanner();
  writeViewer();
  writeSeries();
  writeTurns();
  writeComposer();
}

function onView() {
  save();
  pressShown();
  writeAttached();
}

function onPictureFault(error, study) {
  if (error.kind === "missing") markExpired(study);
  else if (error instanceof ApiError) showFault(error, () => showView(session.view));
  else throw error;
}

function start() {
  // An answer that a reload cut off does not go on.
  for (const { answer } of session.exchanges) if (answer.state === "streaming") answer.state = "stopped";
  setKeyAsker(askForKey);
  startBanner(() => { loadModel(); showView(session.view); });
  startChoosing(open);
  startViewer({ onView, onFault: onPictureFault });
  startTurns({ report: openReport, objects: showObjects });
  startDialogs(() => { save(); writeTurns(); showBanner("note", "report.thanks"); });
  startComposer({ send, stop: () => answering?.abort() });
  startActions();
  startLanguages(writeAll);
  writeAll();
  loadModel();
  if (session.view) showView(session.view);
}

start();
