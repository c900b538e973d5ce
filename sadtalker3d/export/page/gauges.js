// The strongest shapes as live bars, and the mouth's opening as a curve with the playhead.

const MOST_BARS = 12;
const SIDE = /^(.*?)[._ ]?(Left|Right|_L|_R|left|right)$/;

function makeBars(list, shapes, used) {
  // the strongest shapes of the take; left and right, which mostly go together, are two bars in one row
  const rows = new Map();
  for (const [name, strength] of used) {
    const [, stem, side] = SIDE.exec(name) ?? [null, name, ""];
    const row = rows.get(stem) ?? { stem, strength: 0, sides: [] };
    row.strength = Math.max(row.strength, strength);
    row.sides.push({ side, targets: shapes.get(name) });
    rows.set(stem, row);
  }
  const strongest = [...rows.values()].sort((a, b) => b.strength - a.strength);
  return strongest.slice(0, MOST_BARS).map((row) => {
    row.sides.sort((a, b) => a.side.localeCompare(b.side));
    const item = document.createElement("div");
    const name = document.createElement("span"), value = document.createElement("span");
    const bars = document.createElement("div");
    item.className = "shape";
    name.className = "name";
    value.className = "value";
    bars.className = "bars";
    name.textContent = name.title = row.stem;
    const fills = row.sides.map(({ side }) => {
      const bar = document.createElement("div");
      bar.className = "bar";
      bar.setAttribute("role", "meter");
      bar.setAttribute("aria-label", `${row.stem} ${side}`.trim());
      bar.setAttribute("aria-valuemin", "0");
      bar.setAttribute("aria-valuemax", "1");
      bars.append(bar);
      return bar.appendChild(document.createElement("i"));
    });
    item.append(name, value, bars);
    list.append(item);
    return () => {
      let largest = 0;
      row.sides.forEach(({ targets }, i) => {
        const weight = targets[0].mesh.morphTargetInfluences[targets[0].index];
        largest = Math.abs(weight) > Math.abs(largest) ? weight : largest;
        fills[i].style.transform = `scaleX(${Math.min(Math.max(weight, 0), 1).toFixed(3)})`;
        fills[i].parentNode.setAttribute("aria-valuenow", weight.toFixed(2));
      });
      value.textContent = largest.toFixed(2);
    };
  });
}

function makeGraph(canvas) {
  const context = canvas.getContext("2d");
  const top = Math.max(4, ...thinned(take.opening, 2000)); // millimetres
  const still = document.createElement("canvas");
  by("scale").textContent = `Mouth opening, up to ${top.toFixed(0)} mm`;
  function resize() {
    const ratio = Math.min(devicePixelRatio, 2);
    for (const each of [canvas, still]) {
      each.width = Math.round(canvas.clientWidth * ratio);
      each.height = Math.round(canvas.clientHeight * ratio);
    }
    const pen = still.getContext("2d"), colour = getComputedStyle(document.documentElement);
    const { width, height } = still;
    const heights = thinned(take.opening, width);
    const y = (value) => height - 1.5 * ratio - (value / top) * (height - 5 * ratio);
    pen.beginPath();
    heights.forEach((value, i) => pen.lineTo((i / Math.max(heights.length - 1, 1)) * width, y(value)));
    pen.strokeStyle = colour.getPropertyValue("--accent");
    pen.lineWidth = 1.4 * ratio;
    pen.lineJoin = "round";
    pen.stroke();
    pen.lineTo(width, height);
    pen.lineTo(0, height);
    pen.fillStyle = colour.getPropertyValue("--fill");
    pen.fill();
    pen.fillStyle = colour.getPropertyValue("--line");
    pen.fillRect(0, height - ratio, width, ratio);
  }
  return {
    resize,
    draw(time) {
      const { width, height } = canvas;
      context.clearRect(0, 0, width, height);
      context.drawImage(still, 0, 0);
      const x = last > 0 ? Math.min(time / last, 1) * width : 0;
      context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink");
      context.fillRect(Math.min(Math.max(x - 1, 0), width - 2), 0, 2, height);
    },
  };
}

function thinned(values, count) {
  // the largest of each piece, so that no peak is lost
  if (values.length <= count) return values;
  const peaks = new Array(count).fill(0);
  values.forEach((value, i) => {
    const at = Math.floor((i * count) / values.length);
    peaks[at] = Math.max(peaks[at], value);
  });
  return peaks;
}
