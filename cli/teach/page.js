"use strict";

const near = 8; // pixels of the screen within which a corner is taken hold of
const $ = (id) => document.getElementById(id);
const canvas = $("frame");
const pen = canvas.getContext("2d");
const picture = new Image();
let lesson, celsius, outlines = [], chosen = null, drawing = null, held = null;

async function begin() {
  lesson = await (await fetch("lesson.json")).json();
  if (lesson.error) return say([lesson.error], "mistake");
  $("title").textContent = `${lesson.site}: ${lesson.camera}, ${lesson.view}`;
  canvas.width = lesson.width;
  canvas.height = lesson.height;
  outlines = lesson.assets.map((it) => ({ ...it, known: true }))
    .concat(lesson.proposals.map((it) => ({ phase: "", group: "", ...it, proposed: true })));
  for (const [code, name] of Object.entries(lesson.equipment)) {
    $("asset").equipment.add(new Option(`${code} ${name}`, code));
  }
  if (lesson.temperatures) celsius = new Float32Array(await (await fetch("celsius")).arrayBuffer());
  picture.onload = draw;
  picture.src = "picture.png";
  list();
}

function draw() {
  pen.drawImage(picture, 0, 0);
  pen.fillStyle = "rgba(128, 128, 128, 0.9)";
  for (const mask of lesson.masks) { trace(mask, true); pen.fill(); }
  for (const it of outlines) {
    pen.setLineDash(it.proposed ? [4, 3] : []);
    pen.strokeStyle = it === chosen ? "#fff" : it.proposed ? "#9cf" : "#6f6";
    trace(it.region, true);
    pen.stroke();
  }
  pen.setLineDash([]);
  pen.strokeStyle = "#ff6";
  if (drawing) { trace(drawing, false); pen.stroke(); }
  for (const [x, y] of drawing || (chosen ? chosen.region : [])) pen.strokeRect(x - 1, y - 1, 3, 3);
}

function trace(region, closed) {
  pen.beginPath();
  for (const [x, y] of region) pen.lineTo(x + 0.5, y + 0.5);
  if (closed) pen.closePath();
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  const x = Math.floor((event.clientX - box.left) / box.width * canvas.width);
  const y = Math.floor((event.clientY - box.top) / box.height * canvas.height);
  return [Math.max(0, Math.min(canvas.width - 1, x)), Math.max(0, Math.min(canvas.height - 1, y))];
}

function cornerAt(region, [x, y]) {
  const reach = near * canvas.width / canvas.getBoundingClientRect().width;
  return region.find((corner) => Math.hypot(corner[0] - x, corner[1] - y) <= reach);
}

function inside(region, [x, y]) {
  trace(region, true);
  return pen.isPointInPath(x + 0.5, y + 0.5);
}

canvas.addEventListener("mousedown", (event) => {
  const at = place(event);
  if (!drawing && chosen) held = cornerAt(chosen.region, at) || null;
});

canvas.addEventListener("mousemove", (event) => {
  const [x, y] = place(event);
  $("celsius").textContent = `${x}, ${y}` + (celsius ? `: ${celsius[y * lesson.width + x].toFixed(1)} °C` : "");
  if (held) { held[0] = x; held[1] = y; chosen.proposed = false; draw(); }
});

canvas.addEventListener("mouseup", (event) => {
  if (held) { held = null; return; }
  const at = place(event);
  if (drawing) {
    if (drawing.length > 2 && cornerAt([drawing[0]], at)) return closeOutline();
    drawing.push(at);
  } else {
    const hit = outlines.find((it) => inside(it.region, at));
    if (hit) choose(hit); else { choose(null); drawing = [at]; }
  }
  draw();
});

canvas.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && drawing && drawing.length > 2) closeOutline();
  if (event.key === "Escape") { drawing = null; draw(); }
});

function closeOutline() {
  const made = { id: freeName(), equipment: "0201", region: drawing, phase: "", group: "" };
  outlines.push(made);
  drawing = null;
  choose(made);
}

function freeName() {
  let number = 1;
  while (outlines.some((it) => it.id === `${lesson.view}-${number}`)) number += 1;
  return `${lesson.view}-${number}`;
}

function choose(outline) {
  chosen = outline;
  const form = $("asset");
  form.hidden = !chosen;
  if (chosen) {
    chosen.proposed = false; // looked at, and taken
    for (const key of ["id", "equipment", "phase", "group"]) form.elements[key].value = chosen[key];
    form.elements.id.readOnly = Boolean(chosen.known);
    $("drop").hidden = Boolean(chosen.known);
  }
  list();
  draw();
}

$("asset").addEventListener("input", (event) => {
  chosen[event.target.name] = event.target.value;
  list();
});

$("drop").addEventListener("click", () => {
  outlines = outlines.filter((it) => it !== chosen);
  choose(null);
});

function list() {
  $("assets").replaceChildren(...outlines.map((it) => {
    const line = document.createElement("li");
    line.textContent = `${it.id}  ${it.equipment} ${it.phase}` + (it.proposed ? "  (proposed: click to take it)" : "");
    line.className = it === chosen ? "chosen" : it.proposed ? "proposed" : "";
    line.addEventListener("click", () => choose(it));
    return line;
  }));
}

function say(lines, kind) {
  $("said").replaceChildren(...lines.map((text) => {
    const line = document.createElement("li");
    line.textContent = text;
    line.className = kind;
    return line;
  }));
}

async function post(name, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(name, { method: "POST", headers, body: JSON.stringify(body) });
  return answer.json();
}

$("save").addEventListener("click", async () => {
  const taken = outlines.filter((it) => !it.proposed);
  const assets = taken.map(({ id, equipment, region, phase, group }) => ({ id, equipment, region, phase, group }));
  const answer = await post("save", { digest: lesson.digest, assets });
  if (answer.mistakes) return say(answer.mistakes.map((it) => `${it.path}: ${it.message}`), "mistake");
  if (answer.error) return say([answer.error], "mistake");
  lesson.digest = answer.digest;
  for (const it of taken) it.known = true;
  choose(null);
  say([`saved: ${assets.length} assets`], "");
});

$("done").addEventListener("click", async () => {
  await post("done", {});
  say(["This page can be closed."], "");
});

begin();
