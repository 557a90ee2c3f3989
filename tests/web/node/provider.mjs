// A certified OpenID provider on a port of its own, for as long as stdin is open.
//
// The folder that it was installed in comes as the only argument. A request is one line of JSON on
// stdin and is answered by one line on stdout; what it holds is changed, the rest stays:
//   redirect_uris  of the client "tallystick", whose secret is "a secret of the provider"
//   people         by subject: what is told of them, {"email", "email_verified"}
//   in_token       whether that is told in the ID token instead of on request only
//   auth_method    how the client shows its secret
//   keys           the kids of the signing keys, the one in use first
//   claims         what is changed in ID tokens
//   signed         "stranger": by a key that nobody was told of; "secret": with the client's secret;
//                  "nobody": not at all; null: as it should be
//   iss            what comes back with the code in place of the issuer; "" takes it away
//   broken         whether whatever is asked for a code is answered by a page and a fault
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

console.info = console.warn = () => {}; // it warns of what is meant so: all is in memory
const require = createRequire(pathToFileURL(`${process.argv[2]}/`));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { default: Provider } = await load("oidc-provider");
const jose = (await load("jose")).default ?? (await load("jose"));

const SECRET = "a secret of the provider";
const known = new Map();
let wishes = {
  redirect_uris: ["http://127.0.0.1/"],
  people: {},
  in_token: false,
  auth_method: "client_secret_basic",
  keys: ["first"],
  claims: {},
  signed: null,
  iss: null,
  broken: false,
};

const server = createServer((request, response) => answer(request, response));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://localhost:${server.address().port}`; // another site than 127.0.0.1
let answer;

async function pair(kid) {
  if (!known.has(kid)) known.set(kid, await jose.generateKeyPair("RS256", { extractable: true }));
  return known.get(kid);
}

async function jwk(kid) {
  return { ...(await jose.exportJWK((await pair(kid)).privateKey)), kid, alg: "RS256", use: "sig" };
}

async function forged(token) {
  const claims = { ...jose.decodeJwt(token), ...wishes.claims };
  const kid = wishes.keys[0];
  if (wishes.signed === "nobody") return new jose.UnsecuredJWT(claims).encode();
  if (wishes.signed === "secret") {
    const key = new TextEncoder().encode(SECRET.padEnd(32));
    return new jose.SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(key);
  }
  const { privateKey } = await pair(wishes.signed ?? kid);
  return new jose.SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey);
}

async function configured() {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "tallystick",
        client_secret: SECRET,
        redirect_uris: wishes.redirect_uris,
        token_endpoint_auth_method: wishes.auth_method,
      },
    ],
    clientAuthMethods: [wishes.auth_method],
    claims: { email: ["email", "email_verified"] },
    conformIdTokenClaims: !wishes.in_token,
    cookies: { keys: ["a key of the cookies"] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, ...wishes.people[id] }),
    }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    jwks: { keys: await Promise.all(wishes.keys.map(jwk)) },
    loadExistingGrant,
    pkce: { required: () => true, methods: ["S256"] },
  });
  provider.use(changed);
  const callback = provider.callback();
  return (request, response) =>
    request.url.startsWith("/interaction/")
      ? interact(provider, request, response)
      : callback(request, response);
}

async function loadExistingGrant(ctx) {
  const { client, provider, session } = ctx.oidc;
  const { clientId } = client;
  const grant = new provider.Grant({ clientId, accountId: session.accountId });
  grant.addOIDCScope("openid email");
  await grant.save();
  return grant;
}

async function changed(ctx, next) {
  if (wishes.broken && ctx.path === "/token") {
    ctx.status = 503;
    ctx.body = "<h1>Down for maintenance</h1>";
    return;
  }
  await next();
  if (ctx.path === "/token" && ctx.body?.id_token) {
    ctx.body = { ...ctx.body, id_token: await forged(ctx.body.id_token) };
  }
  const to = ctx.response.get("Location");
  if (wishes.iss !== null && to.includes("code=")) {
    const address = new URL(to);
    if (wishes.iss) address.searchParams.set("iss", wishes.iss);
    else address.searchParams.delete("iss");
    ctx.redirect(address.href);
  }
}

const PAGE = `<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,">
<h1>Provider</h1><form method="post"><label>Account <input name="account"></label>
<button>Let me in</button><button name="cancel" value="1">Cancel</button></form></html>`;

async function interact(provider, request, response) {
  if (request.method === "GET") {
    response.setHeader("Content-Type", "text/html");
    response.end(PAGE);
    return;
  }
  let body = "";
  for await (const piece of request) body += piece;
  const form = new URLSearchParams(body);
  const result = form.has("cancel")
    ? { error: "access_denied" }
    : { login: { accountId: form.get("account") } };
  await provider.interactionFinished(request, response, result, {
    mergeWithLastSubmission: false,
  });
}

answer = await configured();
console.log(JSON.stringify({ issuer }));
for await (const line of createInterface({ input: process.stdin })) {
  wishes = { ...wishes, ...JSON.parse(line) };
  answer = await configured();
  console.log("{}");
}
process.exit();
