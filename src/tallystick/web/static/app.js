// Small behaviours. Everything else is links, forms, <dialog> and popovers, and works without this.
"use strict";

const root = document.documentElement;

// A click on an element with data-open shows the dialog of that id; data-close closes the one around it.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  const opened = opener && document.getElementById(opener.dataset.open);
  const closed = event.target.closest("[data-close]")?.closest("dialog");
  if (opened || closed) event.preventDefault();
  opened?.showModal();
  closed?.close();
});

// A link with data-sheet shows the form that it leads to in a dialog, and so do the links to its kinds.
const sheet = document.getElementById("sheet");
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-sheet], #sheet .seg a");
  if (!link || !sheet || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  htmx.ajax("GET", link.href, { target: "#sheet", select: "form.sheet", swap: "innerHTML" });
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.select !== "form.sheet") return;
  if (sheet.firstElementChild && !sheet.open) sheet.showModal();
  const problem = document.querySelector('.sheet [aria-invalid="true"], .sheet .note.bad');
  (problem ?? sheet.querySelector("h2"))?.focus();
});
sheet?.addEventListener("close", () => sheet.replaceChildren());

// Ctrl K or / finds: what is found while one types is chosen with the arrows and Enter.
const find = document.getElementById("find");
const sought = find?.querySelector("input");
function openFind(event) {
  if (!find || find.open) return;
  event.preventDefault();
  find.showModal();
  sought.select();
  setTimeout(() => htmx.trigger(sought, "opened")); // htmx begins by a timeout of its own, set before
}
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select");
  const finds = event.key === "k" && (event.ctrlKey || event.metaKey);
  if (finds || (event.key === "/" && !typing)) openFind(event);
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-find]") && !event.ctrlKey && !event.metaKey) openFind(event);
});
function choose(step) {
  const hits = [...find.querySelectorAll(".hit")];
  const now = hits.findIndex((hit) => hit.ariaSelected === "true");
  const chosen = hits.at((now + step) % hits.length);
  for (const hit of hits) hit.ariaSelected = String(hit === chosen);
  sought.setAttribute("aria-activedescendant", chosen?.id ?? "");
  chosen?.scrollIntoView({ block: "nearest" });
}
sought?.addEventListener("htmx:after:swap", () => {
  for (const [number, item] of find.querySelectorAll("#found li").entries()) {
    item.id = `found-${number}`;
    item.role = item.matches(".hit") ? "option" : "presentation";
    item.querySelector("a")?.setAttribute("tabindex", "-1");
  }
  choose(1);
});
sought?.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose(step);
  else if (event.key === "Enter") find.querySelector('[aria-selected="true"] a')?.click();
  else return;
  event.preventDefault();
});

// The dates of a preset are shown, and dates of one's own are no preset.
document.addEventListener("input", (event) => {
  const { form, dataset, type } = event.target;
  if (dataset.first) [form.from.value, form.to.value] = [dataset.first, dataset.last];
  const own = type === "date" && form?.querySelector("[data-own]");
  if (own) own.checked = true;
});

// Light or dark, whichever it is not now: at once here, and kept by the server for the person.
document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (!form.matches("[data-theme-form]")) return;
  event.preventDefault();
  const dark =
    root.dataset.theme === "dark" ||
    (root.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  const theme = (root.dataset.theme = dark ? "light" : "dark");
  const body = new URLSearchParams({ theme });
  const answer = await fetch(form.action, { method: "POST", body, keepalive: true }).catch(() => null);
  if (!answer?.ok) tell("The server did not keep this choice. Here it holds until the page changes.");
  waiting(form, submitter, null);
});

// What has data-copy is copied, where the browser lets a page do so.
if (navigator.clipboard) root.classList.add("copies");
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  toast("Copied");
});
function toast(text) {
  const shown = document.createElement("div");
  shown.className = "toast";
  shown.textContent = text;
  document.getElementById("toasts").replaceChildren(shown);
  setTimeout(() => shown.remove(), 4000);
}

// A form is sent once: it and the button that was pressed wait until the answer is there.
const waiting = (form, button, busy) => {
  for (const each of [form, button]) if (each) each.ariaBusy = busy;
};
document.addEventListener(
  "submit",
  (event) => {
    const { target: form, submitter } = event;
    if (form.method === "dialog") return;
    if (form.ariaBusy === "true") {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    waiting(form, submitter, "true");
  },
  true,
);
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (!ctx.keepIndicators) waiting(ctx.request.form, ctx.request.submitter, null);
});
addEventListener("beforeunload", () => root.classList.add("leaving"));
addEventListener("pageshow", () => {
  root.classList.remove("leaving");
  for (const each of document.querySelectorAll("[aria-busy]")) each.ariaBusy = null;
});

// What went wrong with a partial update is said where one looks, until an update goes well.
function tell(text) {
  const note = document.getElementById("fault").content.firstElementChild.cloneNode(true);
  note.querySelector("div").textContent = text;
  note.classList.add("fault");
  untell();
  (document.querySelector("dialog[open] .dlg-b, dialog[open]") ?? document.getElementById("main"))
    .prepend(note);
  note.scrollIntoView({ block: "nearest" });
}
function untell() {
  document.querySelector(".fault")?.remove();
}
const SILENCE = "The server did not answer. What you see may be out of date.";
document.addEventListener("htmx:error", () => tell(SILENCE));
document.addEventListener("htmx:after:request", (event) => {
  const { request, response, text } = event.detail.ctx;
  if (response.raw.ok) untell();
  if (!request.headers["HX-Request"]) return; // going back asks for a whole page
  if (!/^\s*<(!doctype|html)/i.test(text)) return;
  event.preventDefault(); // a whole page is no part of one: it says what went wrong
  const page = new DOMParser().parseFromString(text, "text/html");
  const said = [...page.querySelectorAll("h1, h1 + p")].map((each) => each.textContent);
  tell(said.join(". ") || SILENCE);
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-reload]")) location.reload();
});
