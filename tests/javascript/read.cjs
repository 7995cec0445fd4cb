// Reads YAML texts with the parsers that are named after the folder of their modules: a JSON list of texts on stdin, on
// stdout one JSON line with the parsers' versions, then one line per text: what each parser makes of it, {"ok": value}
// or {"error": message}.
"use strict";

const { createRequire } = require("node:module");
const path = require("node:path");

const load = createRequire(path.join(process.argv[2], "any.js"));
const names = process.argv.slice(3);
const parsers = names.map((name) => {
  const parser = load(name);
  return [name, name === "yaml" ? (text) => parser.parse(text, { logLevel: "error" }) : (text) => parser.load(text)];
});

// What JSON cannot say, in the words of the corpus.
function plain(value) {
  if (typeof value === "number" && !Number.isFinite(value)) return { $num: String(value) };
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number") return value;
  if (Array.isArray(value)) return value.map(plain);
  if (Object.getPrototypeOf(value ?? 0) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return { $other: Object.prototype.toString.call(value), text: String(value) };
}

function reading(parse, text) {
  try {
    return { ok: plain(parse(text)) };
  } catch (error) {
    return { error: String(error.message).split("\n")[0] };
  }
}

let given = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (chunk) => (given += chunk));
process.stdin.on("end", () => {
  const versions = names.map((name) => [name, load(`${name}/package.json`).version]);
  const lines = JSON.parse(given).map((text) => Object.fromEntries(parsers.map(([name, parse]) => [name, reading(parse, text)])));
  process.stdout.write([Object.fromEntries(versions), ...lines].map((line) => JSON.stringify(line)).join("\n") + "\n");
});
