// The conversation as Markdown and as JSON, always with model, revision and the research notice; no file names.

import { plainAnswer } from "./boxes.js";
import { element, joined } from "./dom.js";
import { language, t } from "./strings.js";
import { viewTitle } from "./turns.js";
import { windowTitle } from "./windows.js";

/** Return the conversation as Markdown; what was said stands in quotes, so that nothing in it becomes a heading. */
export function asMarkdown(exchanges, model) {
  const notice = `> **${t("notice.title")}** ${t("notice")}`;
  const weights = `${t("model")}: ${code(model.id)}, ${t("revision")} ${code(model.revision)}`;
  return [`# ${t("markdown.title")}`, "", notice, "", weights, ...exchanges.flatMap(exchangeLines), ""].join("\n");
}

/** Return the conversation as a value for JSON. */
export function asValue(exchanges, model) {
  return {
    format: "doctorsun-conversation",
    research_use_only: true,
    notice: t("notice.title") + t("between.sentences") + t("notice"),
    language: language(),
    saved_at: new Date().toISOString(),
    model: { id: model.id, revision: model.revision },
    exchanges: exchanges.map(({ question, answer }) => ({
      question: { ...question, images: question.images.map(plainView) },
      answer: { ...answer, ai_generated: true, objects: answer.objects.map(plainObject) },
    })),
  };
}

/** Let the browser save a text. */
export function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Put a text on the clipboard, also where a page without TLS has no modern way. */
export async function toClipboard(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const carrier = element("textarea", { class: "unseen" });
  document.body.append(carrier);
  carrier.value = text;
  carrier.select();
  document.execCommand("copy");
  carrier.remove();
}

function exchangeLines({ question, answer }) {
  const shown = question.images.map((view) => joined([viewTitle(view) || t("picture"), windowTitle(view.window)], ", "));
  const images = shown.map((view) => `- ${t("markdown.image")}: ${view}`);
  const options = question.options.length ? [`- ${t("options")}: ${question.options.join("; ")}`] : [];
  const said = answer.state === "done" ? "" : ` (${t(answer.state === "stopped" ? "stopped" : "unfinished")})`;
  const asked = ["", `## ${t("you")}`, "", ...quoted(question.text), "", ...images, ...options];
  return [...asked, "", `### ${t("generated")}${said}`, "", ...quoted(plainAnswer(answer))];
}

/** Return a text as a quote in a fence that the text itself does not close. */
function quoted(text) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return [`${fence}text`, ...text.split("\n"), fence];
}

const code = (text) => `\`${text.replaceAll("`", "'")}\``;

const plainView = ({ title, ...view }) => view;

const plainObject = (object) => ({ ...object, view: object.view && plainView(object.view) });
