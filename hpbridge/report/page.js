"use strict";
(() => {
  const PAPER_WIDTH = 680;

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

  const draw = (canvas, width) => {
    const { data, layout } = JSON.parse(canvas.parentElement.querySelector("script").text);
    paint(data);
    const small = canvas.clientWidth < 480;
    const full = {
      ...layout,
      xaxis: axis(layout.xaxis, small),
      yaxis: axis(layout.yaxis, small),
      width,
      autosize: width === undefined,
      margin: { l: 10, r: 12, t: 12, b: 10 },
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
      displayModeBar: small ? false : "hover",
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    };
    Plotly.react(canvas, data, full, settings);
  };

  const drawn = new Set();
  const drawVisible = (root) => {
    for (const canvas of root.querySelectorAll(".canvas")) {
      if (drawn.has(canvas) || canvas.closest("details:not([open])")) continue;
      drawn.add(canvas);
      draw(canvas);
    }
  };
  const redraw = (width) => drawn.forEach((canvas) => draw(canvas, width && Math.min(width, canvas.clientWidth)));

  document.querySelectorAll("details").forEach((details) => {
    details.addEventListener("toggle", () => drawVisible(details));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
  matchMedia("print").addEventListener("change", (event) => redraw(event.matches ? PAPER_WIDTH : undefined));
  drawVisible(document);

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
