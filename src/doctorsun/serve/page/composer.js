// Where a question is written: tasks, the pictures that go along, choices, send and stop.

import { button, CROSS, element, find, icon, joined } from "./dom.js";
import { seriesName } from "./facts.js";
import { picture, picturePath, studyReference } from "./pictures.js";
import { keep, session } from "./session.js";
import { t } from "./strings.js";
import { viewTitle } from "./turns.js";
import { seriesOf } from "./viewer.js";

const TASKS = ["describe", "findings", "answer", "differential", "locate"];

let declined = "";

/** Start the composer; `send` gets a question, `stop` ends the answer. */
export function startComposer({ send, stop }) {
  const question = find("question");
  const submit = () => {
    if (question.value.trim() && find("stop").hidden) send(currentQuestion());
    else question.focus();
  };
  question.value = session.draft;
  question.addEventListener("input", () => {
    session.draft = question.value;
    keep();
    fitHeight();
  });
  question.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  });
  find("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  find("with-history").addEventListener("change", writeAttached);
  find("attach").addEventListener("click", () => pin(currentView()));
  find("stop").addEventListener("click", stop);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !find("stop").hidden && !document.querySelector("dialog[open]")) stop();
  });
}

/** Write the composer's words, tasks and pictures. */
export function writeComposer() {
  find("tasks").replaceChildren(...TASKS.map((name) => button({ on: { click: () => fill(name) } }, t(`task.${name}`))));
  writeAttached();
}

/** Write the pictures that would go along now. */
export function writeAttached() {
  const current = currentView();
  const offered = offeredView();
  const chips = session.pinned.map((view) => chip(view, () => unpin(view)));
  if (offered) chips.push(chip(offered, () => decline(offered), t("attach.current")));
  find("follow-up").hidden = !session.exchanges.length;
  find("attached").hidden = !chips.length;
  find("attached").replaceChildren(...chips);
  find("attach").disabled = !current || session.pinned.some((view) => isSame(view, current));
}

export function showAnswering(isAnswering) {
  find("send").hidden = isAnswering;
  find("stop").hidden = !isAnswering;
  // Whoever pressed the button that is gone now goes on with the one in its place, or with the next question.
  if (document.activeElement === document.body) find(isAnswering ? "stop" : "question").focus({ preventScroll: true });
}

/** Empty the composer once its question is on its way. */
export function clearQuestion() {
  write("");
  find("with-history").checked = true;
  session.pinned = [];
  find("options").value = "";
  find("choices").hidden = true;
  writeAttached();
}

/** Put a question that was not answered back, to be sent again. */
export function restoreQuestion(question) {
  if (!find("question").value) write(question.text);
  find("with-history").checked = !question.alone;
  find("options").value = question.options.join("; ");
  find("choices").hidden = !question.options.length;
  session.pinned = question.images.filter((view) => !isSame(view, offeredView()));
  writeAttached();
}

function currentQuestion() {
  const offered = offeredView();
  const images = [...session.pinned, ...(offered ? [offered] : [])];
  const alone = isAlone() && session.exchanges.length > 0;
  const options = find("choices").hidden ? [] : choicesIn(find("options").value);
  return { text: find("question").value.trim(), images, options, alone };
}

/** Return the choices of a line; commas part them only where no semicolon does, as a choice may hold one. */
function choicesIn(line) {
  const between = /[;；]/.test(line) ? /[;；]/ : /[,，、]/;
  return line.split(between).map((each) => each.trim()).filter(Boolean);
}

/** Return the view on the stage with what the conversation says of it. */
function currentView() {
  const known = session.view && seriesOf(session.view);
  if (!known || known.study.expired) return null;
  const { modality, plane } = known.series;
  const title = joined([known.study.title, seriesName(known.study, known.series)]);
  return { ...session.view, title, modality: modality ?? "", plane: plane ?? "" };
}

const isAlone = () => !find("with-history").checked;

/** Return the current view where the turns that are sent do not show it, and it was not declined. */
function offeredView() {
  const view = currentView();
  const told = isAlone() ? [] : session.exchanges;
  const seen = [...session.pinned, ...told.flatMap((each) => each.question.images)];
  return !view || declined === studyReference(view) || seen.some((each) => isSame(each, view)) ? null : view;
}

const isSame = (one, other) => Boolean(one && other) && studyReference(one) === studyReference(other);

function pin(view) {
  session.pinned.push(view);
  changed();
}

function unpin(view) {
  session.pinned = session.pinned.filter((each) => each !== view);
  if (isSame(view, currentView())) declined = studyReference(view);
  changed();
}

function decline(view) {
  declined = studyReference(view);
  changed();
}

function changed() {
  keep();
  writeAttached();
  if (document.activeElement === document.body) find("question").focus();
}

function chip(view, remove, note = "") {
  const image = element("img", { alt: "", width: 28, height: 28 });
  picture(picturePath(view)).then((url) => { image.src = url; }, () => {});
  const title = viewTitle(view) || view.title;
  const words = element("span", {}, title, note ? element("small", {}, note) : null);
  const cross = button({ class: "icon", "aria-label": t("detach", { title }), on: { click: remove } }, icon(CROSS));
  return element("li", { class: note ? "offered" : "" }, image, words, cross);
}

/** Write a task's prompt, with the part that is to be replaced selected; a task is asked without earlier turns. */
function fill(name) {
  const prompt = t(`prompt.${name}`);
  const [start, end] = [prompt.indexOf("["), prompt.indexOf("]") - 1];
  write(prompt.replace(/[[\]]/g, ""));
  find("choices").hidden = name !== "answer";
  find("with-history").checked = false;
  writeAttached();
  find("question").focus();
  if (start >= 0) find("question").setSelectionRange(start, end);
}

function write(text) {
  find("question").value = text;
  session.draft = text;
  keep();
  fitHeight();
}

function fitHeight() {
  const question = find("question");
  question.style.height = "auto";
  question.style.height = `${Math.min(question.scrollHeight + 2, 200)}px`;
}
