// <points-chart> draws the table inside it. The table stays in the page: screen readers, "View as
// table", copy and paste, and tests read the numbers that are drawn. Every number and date that is
// shown is the text of a cell; data-v is what is drawn. templates/charts.html writes the markup.
//
//   <points-chart label="…">          each of these is optional:
//     h="112"                         height in px, one of those in charts.css
//     ticks="3"                       at most so many steps on the axis of amounts
//     no-zero                         which may begin above 0
//     abs                             and has no minus signs
//     group="points"                  charts with one crosshair and one tooltip
//     now="2026-11-22"                today: what follows is dashed and pale
//   <th data-s="active">              a series, in the colour --c-active
//     data-draw="line|area|step|bar"
//     data-stack                      lies on the others
//     data-down                       is drawn below zero
//   <tr data-mark>                    a day with a dot
//
// chart.point(3) shows the fourth day, as if it were pointed at; chart.point(-1) shows none.

const page = document.documentElement;
const locale = (page.dataset.locale || page.lang || "en").replaceAll("_", "-");
const inShort = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 6 });
const inFull = new Intl.DateTimeFormat(locale, {
  weekday: "short",
  year: "numeric",
  month: "short",
  day: "numeric",
  timeZone: "UTC",
});

const LABEL_SIZE = 11;
const LABEL_WIDTH = 74; // of a date with the space around it
const PAD = { top: 8, right: 2, bottom: 20 };
const ROUND = [1, 2, 2.5, 5];

// Loaded by the first chart of a visit. The library has no module of its own and leaves a global.
let loading;
function library() {
  const address = document.querySelector("script[data-library]").dataset.library;
  loading ??= import(address).then(() => globalThis.echarts);
  return loading;
}

function make(name, className, parent) {
  const made = document.createElement(name);
  made.className = className;
  parent.append(made);
  return made;
}

// A square in the colour of a series, and its name.
function swatch(series, parent) {
  make("i", "dot sq", parent).style.setProperty("--c", `var(${series.colour})`);
  make("span", "", parent).textContent = series.name;
}

function read(table) {
  const series = [...table.tHead.rows[0].cells].slice(1).map((head, column) => ({
    column,
    name: head.textContent.trim(),
    colour: `--c-${head.dataset.s}`,
    draw: head.dataset.draw ?? "line",
    isStacked: "stack" in head.dataset,
    sign: "down" in head.dataset ? -1 : 1,
    isShown: true,
  }));
  const days = [...table.tBodies[0].rows].map((row) => {
    const [date, ...cells] = row.cells;
    return {
      date: date.dataset.v,
      shown: date.textContent.trim(),
      isMarked: "mark" in row.dataset,
      texts: cells.map((cell) => cell.textContent.trim()),
      values: cells.map((cell) => ("v" in cell.dataset ? Number(cell.dataset.v) : null)),
    };
  });
  return { series, days };
}

// The lowest and the highest point, stacks added up.
function range(series, days) {
  const drawn = days.flatMap(({ values }) => {
    let above = 0;
    let below = 0;
    const alone = [];
    for (const { column, sign, isStacked } of series) {
      const value = values[column] * sign;
      if (values[column] === null) continue;
      if (!isStacked) alone.push(value);
      else if (value > 0) above += value;
      else below += value;
    }
    return series.some((one) => one.isStacked) ? [...alone, above, below] : alone;
  });
  return drawn.length ? [Math.min(...drawn), Math.max(...drawn)] : [0, 0];
}

// Round steps around a range, at most so many; whole where nothing but whole numbers is drawn.
function ticks(low, high, most, isWhole) {
  if (low === high)
    [low, high] = low ? [low - Math.abs(low) / 10, low + Math.abs(low) / 10] : [0, most];
  for (let size = 10 ** Math.floor(Math.log10((high - low) / most)); ; size *= 10)
    for (const step of ROUND.map((part) => part * size)) {
      const first = Math.floor(low / step + 1e-9);
      const last = Math.ceil(high / step - 1e-9);
      if (last - first > most || (isWhole && step % 1)) continue;
      return {
        step,
        values: Array.from({ length: last - first + 1 }, (_, k) => (first + k) * step),
      };
    }
}

function widest(texts, font) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${LABEL_SIZE}px ${font}`;
  return Math.max(...texts.map((text) => pen.measureText(text).width));
}

// What a series is to the library: one drawing, or two where it goes on after today.
function drawings(series, days, today, paint) {
  const colour = paint(series.colour);
  const value = ({ values }) =>
    values[series.column] === null ? null : values[series.column] * series.sign;
  if (series.draw === "bar") return [bars(series, days.map(value), today, colour)];
  const data = days.map((day) => (day.isMarked ? dotted(value(day), paint) : value(day)));
  const past = line(series, data.slice(0, today + 1), false, colour);
  const ahead = data.map((each, k) => (k < today ? null : each));
  return today < days.length - 1 ? [past, line(series, ahead, true, colour)] : [past];
}

function bars(series, values, today, colour) {
  return {
    type: "bar",
    data: values.map((value, k) => ({ value, itemStyle: { opacity: k > today ? 0.5 : 1 } })),
    stack: series.isStacked ? "bars" : undefined,
    barMaxWidth: 26,
    barCategoryGap: "28%",
    itemStyle: { color: colour, borderRadius: 2 },
  };
}

function dotted(value, paint) {
  const inside = { color: paint("--surface"), borderWidth: 2 };
  return { value, symbol: "circle", symbolSize: 8, itemStyle: inside };
}

function line(series, data, isFuture, colour) {
  const opacity = (series.isStacked ? 0.82 : 0.13) / (isFuture ? 2 : 1);
  return {
    type: "line",
    data,
    step: series.draw === "step" ? "end" : false,
    stack: series.isStacked ? (isFuture ? "ahead" : "past") : undefined,
    symbol: "none", // but on marked days
    showAllSymbol: true,
    itemStyle: { borderColor: colour },
    lineStyle: {
      color: colour,
      width: series.isStacked ? 0 : 2,
      type: isFuture ? [2, 5] : "solid",
      cap: "round",
      join: "round",
    },
    areaStyle: series.draw === "line" ? undefined : { color: colour, opacity },
  };
}

function todayRule(date, paint) {
  return {
    silent: true,
    symbol: "none",
    animation: false,
    data: [{ xAxis: date }],
    lineStyle: { color: paint("--text-3"), type: [3, 3], width: 1 },
    label: {
      formatter: "Today",
      position: "end",
      align: "left",
      offset: [6, 16],
      color: paint("--text-2"),
      fontWeight: 500,
      fontSize: LABEL_SIZE,
    },
  };
}

// Attributes of SVG cannot follow a change of colours, so every chart is drawn anew.
const charts = new Set();
const redraw = () => charts.forEach((chart) => chart.draw());
new MutationObserver(redraw).observe(page, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
const sizes = new ResizeObserver((entries) =>
  entries.forEach(({ target }) => target.parentElement.draw()),
);

class PointsChart extends HTMLElement {
  connectedCallback() {
    Object.assign(this, read(this.querySelector("table")));
    this.build();
    charts.add(this);
    sizes.observe(this.plot);
    library().then(
      (echarts) => {
        this.echarts = echarts;
        this.draw();
      },
      () => this.setAttribute("failed", ""), // the table is shown instead
    );
  }

  disconnectedCallback() {
    charts.delete(this);
    sizes.unobserve(this.plot);
    this.drawing?.dispose();
    this.drawing = undefined;
  }

  // A chart that was put elsewhere, or restored from the history, brings old parts along.
  build() {
    const table = this.querySelector("table");
    this.querySelectorAll(":scope > :is(.legend, .plot, .tip)").forEach((old) => old.remove());
    if (!table.parentElement.matches(".data")) {
      const box = document.createElement("div");
      box.className = "data";
      table.replaceWith(box);
      box.append(table);
    }
    if (this.series.length > 1) this.buildLegend();
    this.plot = make("div", "plot", this);
    this.canvas = make("div", "", this.plot);
    this.cursor = make("div", "cursor", this.plot);
    this.tip = make("div", "tip", this);
    this.tip.hidden = true;
    this.listen();
  }

  buildLegend() {
    const legend = make("div", "legend", this);
    for (const series of this.series) {
      const button = make("button", "", legend);
      button.type = "button";
      button.ariaPressed = "true";
      swatch(series, button);
      button.addEventListener("click", () => {
        const isLast = series.isShown && this.shown().length === 1;
        series.isShown = !series.isShown || isLast;
        button.ariaPressed = String(series.isShown);
        this.peers().forEach((chart) => chart.draw());
      });
    }
  }

  // To assistive technology a chart is a slider over its days, which says one of them.
  listen() {
    Object.assign(this.plot, {
      role: "slider",
      tabIndex: 0,
      ariaLabel: this.getAttribute("label"),
      ariaValueMin: "0",
      ariaValueMax: String(Math.max(this.days.length - 1, 0)),
    });
    const follow = (event) => this.point(this.dayUnder(event));
    this.plot.addEventListener("pointermove", follow);
    this.plot.addEventListener("pointerdown", follow);
    this.plot.addEventListener("pointerleave", () => this.point(-1));
    this.plot.addEventListener("blur", () => this.point(-1));
    this.plot.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    const last = this.days.length - 1;
    const to = {
      ArrowRight: Math.min((this.at ?? -1) + 1, last),
      ArrowLeft: Math.max((this.at ?? last + 1) - 1, 0),
      Home: 0,
      End: last,
      Escape: -1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.point(to);
  }

  shown() {
    return this.series.filter((series) => series.isShown);
  }

  // The charts that share the crosshair, this one among them.
  peers() {
    const group = this.getAttribute("group");
    if (!group) return [this];
    return [...charts].filter(
      (other) => other.getAttribute("group") === group && other.days.length === this.days.length,
    );
  }

  dayUnder({ clientX }) {
    const x = clientX - this.plot.getBoundingClientRect().left - this.left;
    const day = Math.floor(x / this.band);
    return day < this.days.length ? day : -1;
  }

  draw() {
    if (!this.isConnected || !this.echarts || !this.plot.clientWidth) return;
    this.drawing ??= this.echarts.init(this.canvas, null, { renderer: "svg" });
    this.drawing.resize();
    this.drawing.setOption(this.option(), { notMerge: true });
    this.canvas.style.color = "";
    const svg = this.canvas.querySelector("svg"); // a printed page may be narrower than the screen
    svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
    this.dataset.ready = "";
    this.say();
    this.drawCursor();
    if (!this.tip.hidden) this.drawTip();
  }

  // Colours are those of the style sheet: variables, as they are worked out for this theme.
  paint = (variable) => {
    this.canvas.style.color = `var(${variable})`;
    return getComputedStyle(this.canvas).color;
  };

  option() {
    const { days, paint } = this;
    const font = getComputedStyle(this).fontFamily;
    const now = this.getAttribute("now");
    const found = now ? days.findIndex(({ date }) => date >= now) : -1;
    const today = found < 0 ? days.length : found;
    const y = this.scale();
    this.place(font);
    const series = this.shown().flatMap((one) => drawings(one, days, today, paint));
    if (found >= 0) series[0].markLine = todayRule(days[today].date, paint);
    const label = { color: paint("--text-3"), fontSize: LABEL_SIZE, fontFamily: font };
    return {
      animation: false,
      textStyle: { fontFamily: font },
      grid: { ...PAD, left: this.left, outerBoundsMode: "none" },
      xAxis: this.dates(label),
      yAxis: this.amounts(y, label),
      series: series.map((one) => ({ ...one, silent: true })),
    };
  }

  scale() {
    const shown = this.shown();
    let [low, high] = range(shown, this.days);
    if (!this.hasAttribute("no-zero")) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
    const isWhole = this.days.every(({ values }) =>
      values.every((value) => value === null || value % 1 === 0),
    );
    return ticks(low, high, Number(this.getAttribute("ticks") ?? 4), isWhole);
  }

  tick(value) {
    const text = inShort.format(Math.abs(value));
    return value < 0 && !this.hasAttribute("abs") ? `−${text}` : text;
  }

  // Where the days stand: charts of a group stand above each other, so the widest labels decide.
  // A slider below the chart finds its first and last day by the two variables.
  place(font) {
    const labels = this.peers().flatMap((chart) =>
      chart.scale().values.map((value) => chart.tick(value)),
    );
    this.left = Math.ceil(widest(labels, font)) + 8;
    this.band = (this.plot.clientWidth - this.left - PAD.right) / this.days.length;
    const around = (this.closest(".card") ?? this).style;
    around.setProperty("--first-day", `${this.left + this.band / 2}px`);
    around.setProperty("--last-day", `${PAD.right + this.band / 2}px`);
  }

  amounts({ step, values }, label) {
    return {
      type: "value",
      min: values[0],
      max: values.at(-1),
      interval: step,
      axisLabel: { ...label, margin: 8, formatter: (value) => this.tick(value) },
      splitLine: { lineStyle: { color: this.paint("--line") } },
    };
  }

  dates(label) {
    const { days, paint } = this;
    const room = Math.max(2, Math.floor((days.length * this.band) / LABEL_WIDTH));
    const every = Math.ceil(days.length / room);
    return {
      type: "category",
      data: days.map(({ date }) => date),
      axisLine: { lineStyle: { color: paint("--line-2") } },
      axisTick: { show: false },
      axisLabel: {
        ...label,
        margin: 8,
        alignMaxLabel: this.band < LABEL_WIDTH / 2 ? "right" : undefined,
        interval: (k) => (days.length - 1 - k) % every === 0,
        formatter: (_, k) => days[k].shown,
      },
    };
  }

  point(index) {
    for (const chart of this.peers()) {
      chart.at = index >= 0 && index < chart.days.length ? index : undefined;
      chart.tip.hidden = true;
      chart.say();
      chart.drawCursor();
    }
    if (this.at !== undefined) this.drawTip();
  }

  // The day at a place: its date in full, and the text of each cell that is drawn.
  told(index) {
    const { date, shown } = this.days[index];
    const title = /^\d{4}-\d\d-\d\d$/.test(date) ? inFull.format(new Date(date)) : shown;
    const cells = this.peers().flatMap((chart) =>
      chart.shown().map((series) => ({ series, text: chart.days[index].texts[series.column] })),
    );
    return { title, cells };
  }

  say() {
    const index = this.at ?? this.days.length - 1;
    if (index < 0) return;
    const { title, cells } = this.told(index);
    this.plot.ariaValueNow = String(index);
    this.plot.ariaValueText = [
      title,
      ...cells.map(({ series, text }) => `${series.name} ${text}`),
    ].join(", ");
  }

  drawCursor() {
    this.cursor.replaceChildren();
    if (this.at === undefined || !this.drawing) return;
    const x = Math.round(this.left + this.band * (this.at + 0.5));
    const hasBars = this.shown().some(({ draw }) => draw === "bar");
    const mark = make("i", hasBars ? "band" : "rule", this.cursor);
    mark.style.left = `${hasBars ? x - this.band / 2 : x}px`;
    if (hasBars) mark.style.width = `${this.band}px`;
    for (const { draw, isStacked, column, sign, colour } of this.shown()) {
      const value = this.days[this.at].values[column];
      if (draw === "bar" || isStacked || value === null) continue;
      const dot = make("i", "at", this.cursor);
      dot.style.left = `${x}px`;
      dot.style.top = `${this.drawing.convertToPixel({ yAxisIndex: 0 }, value * sign)}px`;
      dot.style.setProperty("--c", `var(${colour})`);
    }
  }

  drawTip() {
    const { title, cells } = this.told(this.at);
    this.tip.replaceChildren();
    make("b", "", this.tip).textContent = title;
    for (const { series, text } of cells) {
      const row = make("div", "", this.tip);
      swatch(series, row);
      make("span", "", row).textContent = text;
    }
    this.tip.hidden = false;
    const x = this.left + this.band * (this.at + 0.5);
    const width = this.tip.offsetWidth + 14;
    const left = x + width > this.clientWidth ? x - width : x + 14;
    this.tip.style.left = `${Math.max(0, left)}px`;
    this.tip.style.top = `${this.plot.offsetTop + 6}px`;
  }
}

// <points-spark s="active" v="1.00,2.00">: the course of a figure, beside it; nothing to be read.
class PointsSpark extends HTMLElement {
  connectedCallback() {
    const values = this.getAttribute("v").split(",").map(Number);
    const low = Math.min(...values);
    const height = Math.max(...values) - low || 1;
    const width = values.length - 1 || 1;
    const line = values
      .map((value, k) => `${(k / width) * 100} ${28 - ((value - low) / height) * 26}`)
      .join("L");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 100 30");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    svg.style.setProperty("--c", `var(--c-${this.getAttribute("s")})`);
    for (const [name, path] of [
      ["area", `M${line}L100 30L0 30Z`],
      ["line", `M${line}`],
    ]) {
      const drawn = document.createElementNS(svg.namespaceURI, "path");
      drawn.setAttribute("class", name);
      drawn.setAttribute("d", path);
      svg.append(drawn);
    }
    this.replaceChildren(svg);
  }
}

// One table of all charts of a card, day by day. A button with data-table shows it and hides it.
function together([first, ...others]) {
  const table = first.cloneNode(true);
  const rows = new Map([...table.rows].map((row) => [row.cells[0].dataset.v, row]));
  for (const other of others)
    for (const { cells } of other.cloneNode(true).rows)
      rows.get(cells[0].dataset.v)?.append(...[...cells].slice(1));
  return table;
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-table]");
  if (!button) return;
  const card = button.closest(".card");
  const isTable = card.toggleAttribute("as-table");
  button.ariaPressed = String(isTable);
  card.querySelector(".together")?.remove();
  if (!isTable) return;
  const tables = card.querySelectorAll("points-chart table");
  const box = make("div", "together", card.querySelector(".body"));
  Object.assign(box, {
    role: "group",
    tabIndex: 0,
    ariaLabel: card.querySelector("h2").textContent,
  });
  box.append(together([...tables]));
});

customElements.define("points-chart", PointsChart);
customElements.define("points-spark", PointsSpark);
