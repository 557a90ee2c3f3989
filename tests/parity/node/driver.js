// Runs an official JavaScript client: one request a line on stdin, one answer a line on stdout.
//
// The folder that holds the client comes as the only argument. Requests and answers are those of
// ../driver.py.
"use strict";

const { createInterface } = require("node:readline");

const talonOne = require(process.argv[2]);

// What an older generation calls a parameter.
const OLDER_NAMES = { programid: "loyaltyprogramid", integrationid: "integrationid" };
const SCHEMES = { management_key: "manager_auth" }; // where a generation has no slot of the name

function plain(name) {
  const lower = name.toLowerCase();
  return OLDER_NAMES[lower] || lower;
}

function newApi(request) {
  const client = new talonOne.ApiClient();
  client.basePath = request.host;
  for (const [scheme, [prefix, secret]] of Object.entries(request.auth)) {
    const slot = client.authentications[scheme] ? scheme : SCHEMES[scheme];
    client.authentications[slot].apiKeyPrefix = prefix;
    client.authentications[slot].apiKey = secret;
  }
  return new (classOf(request.api))(client);
}

function classOf(api) {
  return talonOne[`${api[0].toUpperCase()}${api.slice(1)}Api`];
}

// The names of the parameters that have a place, and of those in `opts`.
function parameters(method, withInfo) {
  const placed = /\(([^)]*)\)/.exec(method.toString())[1].split(", ").filter(Boolean);
  const optional = [...withInfo.toString().matchAll(/opts\['(\w+)'\]/g)].map((found) => found[1]);
  return { placed: placed.filter((name) => name !== "opts"), optional };
}

function value(given) {
  return given && given.instant ? new Date(given.instant) : given;
}

function model(body, name) {
  const known = talonOne[name];
  return known && known.constructFromObject ? known.constructFromObject(body) : body;
}

async function answer(request) {
  if (request.known) {
    const has = ([api, operation]) => classOf(api).prototype[operation];
    return { ok: request.known.filter(has).map(([, operation]) => operation) };
  }
  const api = newApi(request);
  const method = api[request.operation];
  if (!method) return { lacks: [request.operation] };
  const { placed, optional } = parameters(method, api[`${request.operation}WithHttpInfo`]);
  const given = new Map();
  const lacking = [];
  for (const [name, each] of Object.entries(request.arguments)) {
    const place = [...placed, ...optional].find((known) => plain(known) === plain(name));
    if (place === undefined) lacking.push(name);
    given.set(place, value(each));
  }
  if (lacking.length) return { lacks: lacking };
  return outcome(() => {
    if ("body" in request) given.set("body", model(request.body, request.model));
    const opts = Object.fromEntries(optional.map((name) => [name, given.get(name)]));
    return api[request.operation](...placed.map((name) => given.get(name)), opts);
  });
}

async function outcome(call) {
  try {
    const data = await call();
    return { ok: data === undefined ? null : data };
  } catch (error) {
    if (!error.status) return { refused: String((error.error || error).message) };
    const text = Buffer.isBuffer(error.body) ? error.body.toString() : null; // where CSV is expected
    return { error: { status: error.status, body: text ? JSON.parse(text) : error.body } };
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
}

main();
