"use strict";
(() => {
  // On paper, plots are drawn in these sizes, and then take the width that there is.
  const PAPER = { wide: [700, 330], flat: [700, 240], square: [345, 330], pairs: [345, 300], panel: [240, 215] };

  const look = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const translucent = (hex) => {
    const [r, g, b] = [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
    return `rgba(${r},${g},${b},0.14)`;
  };

  // Colors are names of CSS variables; only these keys hold any.
  const paint = (node) => {
    if (Array.isArray(node)) {
      node.forEach(paint);
      return;
    }
    if (node === null || typeof node !== "object") return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "color" && typeof value === "string") node[key] = look(value);
      else if (key === "fillcolor") node[key] = translucent(look(value));
      else if (key === "colorscale") node[key] = value.map(([at, name]) => [at, look(name)]);
      else if (typeof value === "object") paint(value);
    }
  };

  const axis = (given, small) => ({
    ...given,
    title: { ...given.title, standoff: 8 },
    automargin: true,
    nticks: small ? 5 : 0,
    gridcolor: look("--grid"),
    linecolor: look("--rule"),
    zerolinecolor: look("--rule"),
    exponentformat: "power",
    minorloglabels: "none",
  });

  const paperSize = (canvas) => {
    if (canvas.dataset.rows) return [700, 110 + 24 * canvas.dataset.rows];
    const kind = ["wide", "flat", "square", "pairs"].find((name) => canvas.closest(`.${name}`));
    return PAPER[kind ?? "panel"];
  };

  const draw = (canvas, isPaper) => {
    const figure = JSON.parse(canvas.parentElement.querySelector("script").text);
    const { layout } = figure;
    const [width, height] = isPaper ? paperSize(canvas) : [];
    // Labels of many axes side by side would lie on each other.
    const fits = ({ mode, x }) => mode !== "text" || new Set(x).size * 48 <= (width ?? canvas.clientWidth);
    const data = figure.data.filter(fits);
    paint(data);
    const small = (width ?? canvas.clientWidth) < 480;
    const hasButtons = !small && !isPaper;
    const full = {
      ...layout,
      xaxis: axis(layout.xaxis, small),
      yaxis: axis(layout.yaxis, small),
      width,
      height,
      autosize: !isPaper,
      // The buttons stand beside the plot, not on it.
      margin: { l: 10, r: hasButtons ? 40 : 14, t: 12, b: 10 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, color: look("--text"), size: small ? 11 : 13 },
      hovermode: "closest",
      modebar: { orientation: "v", bgcolor: "rgba(0,0,0,0)", color: look("--muted"), activecolor: look("--text") },
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom" },
    };
    const settings = {
      responsive: true,
      displaylogo: false,
      displayModeBar: hasButtons ? "hover" : false,
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    };
    Plotly.react(canvas, data, full, settings);
    canvas.style.aspectRatio = isPaper ? `${width} / ${height}` : "";
    for (const drawing of canvas.querySelectorAll(".main-svg")) {
      if (isPaper) drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
      else drawing.removeAttribute("viewBox");
    }
  };

  const drawn = new Set();
  const drawVisible = (root) => {
    for (const canvas of root.querySelectorAll(".canvas")) {
      if (drawn.has(canvas) || canvas.closest("details:not([open])")) continue;
      drawn.add(canvas);
      draw(canvas);
    }
  };
  const redraw = () => drawn.forEach((canvas) => draw(canvas, false));

  // Paper has no buttons: every box is open on it.
  let opened = null;
  const toPaper = () => {
    if (opened) return;
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((details) => { details.open = true; });
    document.querySelectorAll(".canvas").forEach((canvas) => {
      drawn.add(canvas);
      draw(canvas, true);
    });
  };
  const toScreen = () => {
    if (!opened) return;
    opened.forEach((details) => { details.open = false; });
    opened = null;
    redraw();
  };
  addEventListener("beforeprint", toPaper);
  addEventListener("afterprint", toScreen);

  document.querySelectorAll("details").forEach((details) => {
    details.addEventListener("toggle", () => opened || drawVisible(details));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => opened || redraw());
  drawVisible(document);

  // A table that goes beyond the window says so.
  const watchTable = (scroll) => {
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.setAttribute("aria-hidden", "true");
    const say = () => {
      const overflows = scroll.scrollWidth > scroll.clientWidth + 1;
      if (overflows && !hint.isConnected) scroll.before(hint);
      if (!overflows) hint.remove();
      const end = scroll.getBoundingClientRect().right;
      const headers = [...scroll.querySelectorAll("thead th")];
      const more = headers.filter((th) => th.getBoundingClientRect().right > end + 1).length;
      scroll.classList.toggle("more-right", more > 0);
      hint.textContent = more ? `${more} more ${more === 1 ? "column" : "columns"} \u2192` : "";
    };
    scroll.addEventListener("scroll", say);
    new ResizeObserver(say).observe(scroll);
  };
  document.querySelectorAll(".scroll").forEach(watchTable);

  const download = async (button) => {
    const packed = document.getElementById("packed").text.trim();
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const blob = await new Response(stream).blob();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([blob], { type: "application/json" }));
    link.download = button.dataset.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    return blob.size;
  };
  document.getElementById("download")?.addEventListener("click", async (event) => {
    const status = document.getElementById("download-status");
    try {
      const size = await download(event.currentTarget);
      status.textContent = `${(size / 1e6).toFixed(2)} MB written.`;
    } catch (error) {
      status.textContent = `This browser cannot unpack the data: ${error.message}`;
    }
  });
})();
