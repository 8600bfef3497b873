// One exchange of the conversation: what is sent, and how the answer grows.

import { streamAnswer } from "./chat.js";
import { studyReference } from "./pictures.js";

/** Return an exchange that waits for its answer. */
export function newExchange(question, model) {
  const told = { id: "", text: "", objects: [], confidence: null, model, revision: "", finish: null };
  const measured = { num_tokens: 0, num_prompt_tokens: 0, first_s: null, total_s: null };
  return { question, answer: { ...told, ...measured, state: "streaming", reported: false } };
}

/** Ask the last question of the conversation; calls `onGrowth` for each piece and throws what went wrong. */
export async function ask(exchanges, { signal, onGrowth }) {
  const { question, answer } = exchanges.at(-1);
  const told = exchanges.filter((each) => each.answer === answer || (each.answer.text && !question.alone));
  const images = told.flatMap((each) => each.question.images);
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  for await (const { chunk, revision } of streamAnswer(bodyOf(told, question, answer), signal)) {
    answer.revision = revision ?? answer.revision;
    answer.id = chunk.id ?? answer.id;
    read(chunk, answer, images);
    if (answer.text && answer.first_s === null) answer.first_s = elapsed();
    answer.total_s = elapsed();
    onGrowth();
  }
  answer.state = "done";
}

function bodyOf(told, question, answer) {
  const messages = told.flatMap(messagesOf(answer));
  const body = { model: answer.model, messages, stream: true, stream_options: { include_usage: true } };
  return question.options.length ? { ...body, options: question.options } : body;
}

const messagesOf = (last) => ({ question, answer }) => {
  const images = question.images.map((view) => ({ type: "image_url", image_url: { url: studyReference(view) } }));
  const asked = { role: "user", content: [...images, { type: "text", text: question.text }] };
  return answer === last ? [asked] : [asked, { role: "assistant", content: answer.text }];
};

function read(chunk, answer, images) {
  if (chunk.usage) {
    answer.num_tokens = chunk.usage.completion_tokens;
    answer.num_prompt_tokens = chunk.usage.prompt_tokens;
  }
  const choice = chunk.choices?.[0];
  if (!choice) return;
  answer.text += choice.delta.content ?? "";
  answer.finish = choice.finish_reason ?? answer.finish;
  answer.confidence = choice.delta.confidence ?? answer.confidence;
  for (const object of choice.delta.objects ?? []) {
    answer.objects.push({ label: object.label, box_px: object.box_px, view: images[object.image] ?? null });
  }
}
