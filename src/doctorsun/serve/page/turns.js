// The conversation as it is read: questions with their pictures, answers with label, boxes and numbers.

import { answerParts, unplaced } from "./boxes.js";
import { button, drawn, element, FLAG, find, FRAME, icon, joined } from "./dom.js";
import { planeName } from "./facts.js";
import { picture, picturePath } from "./pictures.js";
import { session } from "./session.js";
import { t } from "./strings.js";
import { seriesOf, showView } from "./viewer.js";

const NEAR_END_PX = 80;

let isAtEnd = true;
let onReport = () => {};
let onObjects = () => {};

/** Start the list; `report` is called with an exchange to report, `objects` with one whose boxes are wanted. */
export function startTurns(listeners) {
  onReport = listeners.report;
  onObjects = listeners.objects;
  const turns = find("turns");
  turns.addEventListener("scroll", () => {
    isAtEnd = turns.scrollHeight - turns.scrollTop - turns.clientHeight < NEAR_END_PX;
  });
  // Pictures that go along with the next question take room from the last answer.
  new ResizeObserver(stayAtEnd).observe(turns);
}

/** Write all turns. */
export function writeTurns() {
  const turns = session.exchanges.flatMap((each) => [questionTurn(each), answerTurn(each)]);
  find("turns").replaceChildren(...(turns.length ? turns : [welcome()]));
  for (const each of find("conversation-actions").children) each.disabled = !session.exchanges.length;
  isAtEnd = true;
  stayAtEnd();
}

/** Write the last answer again, staying at the end where the reader is there. */
export function writeLastAnswer() {
  find("turns").lastElementChild.replaceWith(answerTurn(session.exchanges.at(-1)));
  stayAtEnd();
}

/** Bring the last turn into sight, wherever the page scrolls. */
export function showLastTurn() {
  find("turns").lastElementChild.scrollIntoView({ block: "nearest" });
}

/** Return what a view is called in the conversation, without its file's name. */
export function viewTitle(view) {
  const series = seriesOf(view)?.series;
  const slice = !series || series.num_slices > 1 ? t("slice.short", { slice: view.slice + 1 }) : "";
  return joined([view.modality, planeName(view.plane), slice]);
}

function stayAtEnd() {
  if (isAtEnd) find("turns").scrollTop = find("turns").scrollHeight;
}

function welcome() {
  const title = element("p", { class: "lead" }, t("empty.title"));
  return element("div", { class: "welcome" }, title, element("p", {}, t("empty")));
}

function questionTurn({ question }) {
  const images = question.images.map(shownView);
  const options = question.options.length ? `${t("options")}: ${question.options.join("; ")}` : "";
  const notes = joined([options, question.alone ? t("alone") : ""]);
  return element(
    "article",
    { class: "turn question", "aria-label": t("you") },
    images.length ? element("div", { class: "views" }, ...images) : null,
    element("p", { class: "said" }, question.text),
    notes ? element("p", { class: "notes" }, notes) : null,
  );
}

function shownView(view) {
  const image = element("img", { alt: "", width: 64, height: 64 });
  const caption = element("small", {}, viewTitle(view));
  const show = () => {
    showView(view);
    find("stage").scrollIntoView({ block: "nearest" });
  };
  const label = t("show.slice", { title: view.title, slice: view.slice + 1 });
  const shown = button({ class: "view", "aria-label": label, title: view.title, on: { click: show } }, image, caption);
  picture(picturePath(view)).then(
    (url) => { image.src = url; },
    (error) => { if (error.kind === "missing") markGone(shown, caption); },
  );
  return shown;
}

function markGone(shown, caption) {
  shown.classList.add("expired");
  shown.disabled = true;
  caption.textContent = t("expired.short");
}

function answerTurn(exchange) {
  const { answer } = exchange;
  const isOver = answer.state !== "streaming";
  return element(
    "article",
    { class: `turn answer ${answer.state}`, "aria-label": t("generated"), "aria-busy": String(!isOver) },
    element("p", { class: "label" }, element("span", { class: "ai" }, t("generated")), stateOf(answer)),
    element("p", { class: "said" }, ...(answer.text || isOver ? textParts(exchange) : [waiting()])),
    confidenceOf(answer),
    isOver ? closing(exchange) : null,
  );
}

const waiting = () => element("span", { class: "waiting" }, t("answering"));

/** Return an answer's text with its boxes as buttons; all else, markup too, stays text. */
function textParts(exchange) {
  return answerParts(exchange.answer).map((part) => {
    if (part.text !== undefined) return part.text;
    return part.object ? boxButton(exchange, part) : unplaced(part);
  });
}

function boxButton(exchange, { label, object }) {
  const show = () => {
    if (object.view) showView(object.view);
    onObjects(exchange);
    find("stage").scrollIntoView({ block: "nearest" });
  };
  const name = t("boxes.show", { label });
  return button({ class: "box", "aria-label": name, on: { click: show } }, icon(FRAME), label);
}

function stateOf(answer) {
  const words = { stopped: t("stopped"), failed: t("unfinished"), done: answer.finish === "length" ? t("cut") : "" };
  return words[answer.state] ? element("span", { class: "state" }, words[answer.state]) : null;
}

function confidenceOf({ confidence }) {
  if (!confidence) return null;
  const { option, probability, calibrated, withheld } = confidence;
  const percent = ((probability ?? 0) * 100).toFixed(0);
  const words = t(calibrated ? "confidence" : "confidence.raw", { option, percent });
  const sureness = option === null ? null : element("span", {}, words);
  const bar = drawn(
    "svg",
    { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawn("rect", { class: "track", width: 100, height: 4 }),
    drawn("rect", { class: "fill", width: percent, height: 4 }),
  );
  const refusal = withheld ? element("b", {}, t(`withheld.${withheld}`)) : null;
  return element("div", { class: "confidence" }, sureness && bar, sureness, refusal);
}

function closing(exchange) {
  const { answer } = exchange;
  const report = answer.reported
    ? element("span", { class: "faint" }, t("reported"))
    : button({ class: "quiet", on: { click: () => onReport(exchange) } }, icon(FLAG), t("report"));
  return element("footer", {}, element("small", { class: "stats" }, statsOf(answer)), answer.id ? report : null);
}

function statsOf({ num_tokens, first_s, total_s, model, revision }) {
  // Of the whole answer: its pieces can arrive together, however long they took.
  const rate = num_tokens && total_s ? num_tokens / total_s : null;
  return joined([
    num_tokens ? t(num_tokens === 1 ? "stats.one" : "stats", { tokens: num_tokens }) : "",
    first_s === null ? "" : t("stats.first", { seconds: first_s.toFixed(2) }),
    rate === null ? "" : t("stats.rate", { rate: rate.toFixed(rate < 10 ? 1 : 0) }),
    `${model}@${revision.slice(0, 8)}`,
  ]);
}
