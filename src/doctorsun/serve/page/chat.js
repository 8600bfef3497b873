// One question to the model: the answer as a stream of chunks.

import { ApiError, postJson } from "./api.js";

/** Yield the chunks of an answer with the response's revision; aborting `signal` withdraws the question. */
export async function* streamAnswer(body, signal) {
  const response = await postJson("v1/chat/completions", body, { signal });
  const revision = response.headers.get("X-Model-Revision");
  for await (const data of events(response.body, signal)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    const { error } = chunk;
    if (error) {
      const code = String(error.code);
      throw new ApiError(code === "engine" ? "engine" : "server", String(error.message), { status: 500, code });
    }
    yield { chunk, revision };
  }
  throw new ApiError("network");
}

/** Yield the data of server-sent events; parts of an event may arrive apart, also within a character. */
async function* events(stream, signal) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await part(reader, signal);
    if (done) return;
    rest += decoder.decode(value, { stream: true }).replaceAll("\r\n", "\n");
    const whole = rest.split("\n\n");
    rest = whole.pop();
    for (const event of whole) {
      const lines = event.split("\n").filter((line) => line.startsWith("data:"));
      if (lines.length) yield lines.map((line) => line.slice(5).trim()).join("\n");
    }
  }
}

async function part(reader, signal) {
  try {
    return await reader.read();
  } catch (error) {
    throw signal.aborted ? error : new ApiError("network");
  }
}
