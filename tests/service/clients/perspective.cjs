// Asks a service through two npm clients of Perspective, whose address is written into them: an
// interceptor sends them elsewhere. Prints one JSON object.
const [base, key] = process.argv.slice(2);
const { createRequire } = require("node:module");

function redirected(name) {
  const own = createRequire(require.resolve(name));
  own("axios").interceptors.request.use((config) => {
    config.url = config.url.replace("https://commentanalyzer.googleapis.com", base);
    return config;
  });
  return require(name);
}

const Perspective = redirected("perspective-api-client");
const { Client } = redirected("@conversationai/perspectiveapi-js-client");
const told = (promise) => promise.catch((error) => ({ error: error.message }));

(async () => {
  const client = new Perspective({ apiKey: key });
  const answers = {
    scores: await told(client.analyze("You are an <b>idiot</b>.", { attributes: ["toxicity"] })),
    unknown: await told(client.analyze("Hello there.", { attributes: ["obscene"] })),
    wrongKey: await told(new Perspective({ apiKey: "wrong" }).analyze("Hello there.")),
    conversationai: await told(new Client(key).getScores("You are an idiot.")),
  };
  console.log(JSON.stringify(answers));
})();
