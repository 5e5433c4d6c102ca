// SPDX-License-Identifier: Apache-2.0

// --- the panel: the same in words, and what the hands do

const text = value => String(value).replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`);
const moment = t => t === undefined || t === null ? "–" : (t / 1e3).toFixed(3);
const nodeName = id => nodes.has(id) ? nodes.get(id).name : "?";

function describeFrame(f) {
  const first = Math.min(...[...f.at.values()].map(h => h.held ?? h.executed ?? Infinity));
  const after = t => t === undefined ? "–" : ((t - first) / 1e3).toFixed(2);
  const rows = [...f.at].sort((a, b) => a[0] - b[0]).map(([who, h]) =>
    `<tr><td>${text(nodeName(who))}<td>${after(h.held)}<td>${after(h.stable)}<td>${after(h.safe)}<td>${after(h.executed)}`).join("");
  const inside = f.requests.map(([s, n]) => { const r = requestOf.get(s + "." + n); return `<li>${text(r ? r.label : s + "." + n)}`; }).join("");
  return `<h2>Frame ${text(f.name)} of view ${f.view}, timestamp ${f.ts}</h2>` +
    `<p>${f.requests.length ? f.requests.length + " requests" : "null request"}${f.rest ? ", then its transmitter rests" : ""}; ` +
    `acknowledges ${f.acks.length ? f.acks.map(([by, seq]) => text(`${by}:${seq}`)).join(", ") : "nothing new"}</p>` +
    (inside ? `<ul>${inside}</ul>` : "") +
    `<table class="num"><tr><th>ms after ${moment(first)}<th>held<th>stable<th>safe<th>executed</tr>${rows}</table>`;
}
function describeMessage(m) {
  return `<h2>${text(KIND[m.type] || "message")} from ${text(nodeName(m.from))} to ${text(nodeName(m.to))}</h2>` +
    `<p class="num">sent ${moment(m.sent)} ms, ${m.lost ? '<span class="bad">lost</span>' : m.ended < 0 ? "on its way at the end" : "delivered " + moment(m.ended) + " ms"}` +
    `${m.note ? "<br>" + text(m.note) : ""}</p>` + (m.frame ? describeFrame(m.frame) : "");
}
function describeRequest(r) {
  const answer = r.answered === null ? '<span class="bad">never answered</span>' : `answered ${moment(r.answered)} ms: ${text(r.code)}`;
  return `<h2>${text(r.label)}</h2><p class="num">${text(nodeName(r.by))}, session ${text(r.session)}, number ${r.number}<br>` +
    `asked ${moment(r.asked)} ms, ${answer}</p>` + (r.frames.length > 1 ? "<p>It was sent more than once; it counts once.</p>" : "") +
    r.frames.map(describeFrame).join("");
}

function listWrites() {
  const words = byId("find").value.trim().toLowerCase();
  const found = [];
  for (const r of requests) {
    if (words ? !`${r.label} ${r.session} ${r.number} ${nodeName(r.by)}`.toLowerCase().includes(words)
              : r.asked === null || r.asked > to || (r.answered ?? end) < from) continue;
    found.push(r);
    if (found.length === 200) break;
  }
  byId("list").innerHTML = found.map(r => `<button data-id="${r.id}">${moment(r.asked)} ${text(r.label)}</button>`).join("") ||
    "<p>None. Zoom out, or search for another.</p>";
}

function follow(r) {
  followed = r;
  byId("details").innerHTML = describeRequest(r);
  const times = r.frames.flatMap(f => [...f.at.values()].flatMap(h => [h.held, h.executed])).filter(t => t !== undefined);
  const first = Math.min(r.asked, ...times), last = Math.max(r.answered ?? r.asked, ...times);
  see(first - (last - first) * 0.3 - 200, last + (last - first) * 0.3 + 200);
}
function see(a, b) {
  const span = Math.min(Math.max(b - a, 50), Math.max(end, 50));
  from = Math.max(Math.min(a, end - span), 0);
  to = from + span;
  refresh();
}
function refresh() { draw(); listWrites(); }
function zoom(factor, px = (LEFT + width) / 2) {
  const t = time(px);
  see(t - (t - from) * factor, t + (to - t) * factor);
}

function nearest(px, py) {
  let best = null, least = 7;
  for (const m of visible()) {
    if (!shown(m)) continue;
    const stop = m.ended < 0 ? Math.min(m.sent + longest, end) : m.ended;
    const ax = x(m.sent), ay = y(m.from), bx = x(stop), by = y(m.to);
    const along = Math.max(0, Math.min(1, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2 || 1)));
    const distance = Math.hypot(px - ax - along * (bx - ax), py - ay - along * (by - ay));
    if (distance < least) { least = distance; best = m; }
  }
  return best;
}

let dragged = null;
canvas.addEventListener("pointerdown", e => { dragged = { px: e.offsetX, from, to, moved: false }; canvas.setPointerCapture(e.pointerId); });
canvas.addEventListener("pointerup", e => {
  const clicked = dragged && !dragged.moved && nearest(e.offsetX, e.offsetY);
  dragged = null;
  const request = clicked && clicked.frame && clicked.frame.requests.map(([s, n]) => requestOf.get(s + "." + n)).find(Boolean);
  if (request) follow(request);
  else if (clicked) byId("details").innerHTML = describeMessage(clicked);
});
canvas.addEventListener("pointermove", e => {
  if (dragged) {
    const moved = (e.offsetX - dragged.px) / (width - LEFT - 10) * (dragged.to - dragged.from);
    if (Math.abs(e.offsetX - dragged.px) > 3) dragged.moved = true;
    if (dragged.moved) see(dragged.from - moved, dragged.to - moved);
    return;
  }
  const m = nearest(e.offsetX, e.offsetY);
  if (m === pointed) return;
  pointed = m;
  if (m && !followed) byId("details").innerHTML = describeMessage(m);
  draw();
});
canvas.addEventListener("wheel", e => { e.preventDefault(); zoom(e.deltaY > 0 ? 1.25 : 0.8, e.offsetX); }, { passive: false });
const KEYS = { "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1.7), "0": () => see(0, end),
  ArrowLeft: () => see(from - (to - from) / 5, to - (to - from) / 5), ArrowRight: () => see(from + (to - from) / 5, to + (to - from) / 5),
  Escape: () => byId("clear").click() };
addEventListener("keydown", e => {
  if (e.target.tagName === "INPUT" && e.key !== "Escape") return;
  if (KEYS[e.key]) { KEYS[e.key](); e.preventDefault(); }
});
byId("in").onclick = KEYS["+"]; byId("out").onclick = KEYS["-"]; byId("fit").onclick = KEYS["0"];
byId("clear").onclick = () => { followed = null; byId("find").value = ""; byId("details").innerHTML = ""; refresh(); };
byId("find").oninput = listWrites;
for (const id of ["nulls", "views", "others", "beats"]) byId(id).onchange = draw;
byId("list").onclick = e => { const b = e.target.closest("button"); if (b) follow(requests[b.dataset.id]); };
addEventListener("resize", draw);

byId("seed").textContent = data.seed;
byId("plan").textContent = data.plan;
byId("verdict").textContent = data.verdict;
byId("verdict").className = data.verdict === "passed" ? "good" : "bad";
const wished = new URLSearchParams(location.hash.slice(1)).get("follow");
if (data.verdict !== "passed") see(data.at - 20000, data.at + 5000);
else if (wished && requestOf.has(wished)) follow(requestOf.get(wished));
else beginWhereSomethingHappens();

// A write that was under way when the view changed says most; else any.
function beginWhereSomethingHappens() {
  const spans = r => proposals.some(p => p.at > r.asked && p.at < (r.answered ?? 0));
  const first = requests.find(r => r.frames.length && spans(r)) || requests.findLast(r => r.frames.length && r.answered !== null);
  if (first) follow(first); else see(0, end);
}
