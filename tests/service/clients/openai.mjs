// Asks a service through OpenAI's npm client and prints one JSON object.
import OpenAI from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const wrong = new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 });
const told = (promise) => promise.catch((error) => ({ status: error.status, code: error.code }));
const image = [{ type: "image_url", image_url: { url: "https://forum.example/1.png" } }];

console.log(
  JSON.stringify({
    texts: await told(client.moderations.create({ input: ["You are an idiot.", "Thanks!"] })),
    image: await told(client.moderations.create({ input: image })),
    wrongKey: await told(wrong.moderations.create({ input: "Hello." })),
  }),
);
