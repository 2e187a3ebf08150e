// The Vercel AI SDK: text, streams, objects, tools and embeddings, over Responses and over Chat.
import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { embed, generateObject, generateText, streamText, tool } from "ai";
import { z } from "zod";

const openai = createOpenAI({
  baseURL: process.env.OPENAI_BASE_URL,
  apiKey: process.env.OPENAI_API_KEY,
});
const name = "volano-tiny-qwen3";
const schema = z.object({ zone: z.enum(["UTC", "CET"]) });
const clock = tool({ description: "The time.", inputSchema: schema, execute: async () => "12:00" });

for (const model of [openai(name), openai.chat(name)]) {
  const said = await generateText({ model, prompt: "Say something.", maxOutputTokens: 40 });
  assert.equal(typeof said.text, "string");
  assert.ok(said.usage.outputTokens > 0);

  const streamed = streamText({ model, prompt: "Say something.", maxOutputTokens: 40 });
  let text = "";
  for await (const piece of streamed.textStream) text += piece;
  assert.equal(text, await streamed.text);

  const made = await generateObject({ model, schema, prompt: "Time?", maxOutputTokens: 200 });
  assert.ok(["UTC", "CET"].includes(made.object.zone));

  const used = await generateText({
    model,
    prompt: "Time?",
    tools: { clock },
    toolChoice: "required",
    maxOutputTokens: 400,
    providerOptions: { openai: { parallelToolCalls: false } },
  });
  assert.equal(used.toolResults[0].output, "12:00");
}
const found = await embed({ model: openai.embedding("text-embedding-3-small"), value: "a cat" });
assert.equal(found.embedding.length, 384);
