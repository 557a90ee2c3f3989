// Small behaviours. Everything else is links, forms, <dialog> and popovers, and works without this.
"use strict";

// A click on an element with data-open shows the dialog of that id; data-close closes the one around it.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  const dialog = opener && document.getElementById(opener.dataset.open);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
  }
  const around = event.target.closest("[data-close]")?.closest("dialog");
  if (around) {
    event.preventDefault();
    around.close();
  }
});

// A click on an element with data-copy copies the text of the element of that id.
document.addEventListener("click", async (event) => {
  const id = event.target.closest("[data-copy]")?.dataset.copy;
  if (!id) return;
  await navigator.clipboard.writeText(document.getElementById(id).textContent);
  toast("Copied");
});

// Light or dark, whichever it is not now, kept by this browser.
const root = document.documentElement;
if (localStorage.theme) root.dataset.theme = localStorage.theme;
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-next]")) return;
  const dark =
    root.dataset.theme === "dark" ||
    (root.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = localStorage.theme = dark ? "light" : "dark";
});

// A form is sent once: its buttons wait until the answer is there.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.ariaBusy === "true") event.preventDefault();
  form.ariaBusy = "true";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.ariaBusy = null;
});

// What went wrong with a partial update is said, as the page itself looks as if nothing happened.
function toast(text) {
  const shown = document.createElement("div");
  shown.className = "toast";
  shown.textContent = text;
  document.getElementById("toasts").replaceChildren(shown);
  setTimeout(() => shown.remove(), 8000);
}
for (const name of ["htmx:error", "htmx:response:error"])
  document.addEventListener(name, () => toast("The server did not answer. Reload the page."));
