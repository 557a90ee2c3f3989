// Time travel on a member's page: the slider picks a row of the table of days, whose cells are
// shown in the tiles, and the day's point in the chart. The address keeps the day.
"use strict";

const slider = document.getElementById("as-of");
const days = [...document.querySelectorAll("#days tr")];
const chip = document.getElementById("as-of-chip");
const reset = document.getElementById("as-of-reset");
const date = document.querySelector("#time [name=as_of]");
const figures = [...document.querySelectorAll("[data-figure]")];
const now = slider.dataset.now;

function show() {
  const [told, ...cells] = days[slider.value].cells;
  figures.forEach((figure, k) => (figure.textContent = cells[k].textContent));
  chip.textContent = slider.ariaValueText = told.textContent;
  date.value = days[slider.value].dataset.date;
  const isNow = slider.value === now;
  reset.classList.toggle("hide", isNow);
  document.getElementById("timeline").point?.(isNow ? -1 : Number(slider.value));
}

function keepInAddress() {
  const address = new URL(location.href);
  if (slider.value === now) address.searchParams.delete("as_of");
  else address.searchParams.set("as_of", date.value);
  history.replaceState(history.state, "", address);
}

slider.addEventListener("input", show);
slider.addEventListener("change", keepInAddress);
reset.addEventListener("click", (event) => {
  event.preventDefault();
  slider.value = now;
  show();
  keepInAddress();
  slider.focus();
});
