// A form with a file: takes one that is dropped on it, says at once if it is too large, and shows
// how far it has been sent. Without this it is sent as any form is.
"use strict";

const found = (form, part) => form.querySelector(`[data-${part}]`);

function tell(form, text) {
  const problem = found(form, "problem");
  problem.textContent = text;
  problem.hidden = !text;
}

// Whether the chosen file may be sent at all.
function fits(form) {
  const [file] = form.elements.upFile.files;
  const tooLarge = Boolean(file) && file.size > Number(form.dataset.bytesMax);
  tell(form, tooLarge ? form.dataset.tooLarge : "");
  return !tooLarge;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (form) fits(form);
});

for (const name of ["dragenter", "dragover", "dragleave", "drop"])
  document.addEventListener(name, (event) => {
    const area = event.target.closest?.(".drop");
    if (!area) return;
    event.preventDefault();
    area.classList.toggle("over", name === "dragenter" || name === "dragover");
    if (name !== "drop" || !event.dataTransfer.files.length) return;
    const form = area.closest("form");
    form.elements.upFile.files = event.dataTransfer.files;
    fits(form);
  });

let sending = null;

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  if (fits(form)) send(form);
  else form.ariaBusy = null;
});

function send(form) {
  const request = new XMLHttpRequest();
  const megabytes = new Intl.NumberFormat(document.documentElement.dataset.locale, {
    maximumFractionDigits: 1,
  });
  const show = (bytes) => `${megabytes.format(bytes / 1e6)} MB`;
  const end = (text) => {
    sending = form.ariaBusy = null;
    found(form, "sending").hidden = true;
    tell(form, text);
  };
  request.upload.addEventListener("progress", (event) => {
    form.querySelector("progress").value = (100 * event.loaded) / event.total;
    found(form, "sent").textContent = `${show(event.loaded)} of ${show(event.total)} sent`;
  });
  request.addEventListener("load", () => answered(form, request, end));
  request.addEventListener("error", () => end("The connection broke. Check the file again."));
  request.addEventListener("abort", () => end("Stopped. Nothing was kept of the file."));
  found(form, "sending").hidden = false;
  tell(form, "");
  sending = request;
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.send(new FormData(form));
}

// On to the import, or the same page with what was wrong.
function answered(form, request, end) {
  const next = request.getResponseHeader("HX-Redirect");
  end("");
  if (next) return location.assign(next);
  const main = document.getElementById("main");
  main.innerHTML = request.responseText;
  main.querySelector("title")?.remove();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-stop]")) sending?.abort();
});
window.addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});
