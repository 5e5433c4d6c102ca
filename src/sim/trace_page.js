// SPDX-License-Identifier: Apache-2.0

"use strict";
// The page of `titer sim --trace`: reads the rows that trace.cc wrote, works out what was stable and safe where, draws.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const KIND = { 10: "frame", 11: "flush", 12: "relay", 13: "done", 14: "heartbeat", 20: "transfer: want", 21: "transfer: part",
  22: "transfer: log", 30: "hello", 31: "welcome", 32: "solicit", 33: "view is", 40: "request", 41: "answer", 42: "query",
  43: "answer to a query", 60: "register: record", 61: "register: compare and set", 63: "ping", 64: "pong", 65: "ready",
  66: "stop", 1: "greeting", 2: "greeting's answer", 3: "goodbye" };
const VIEW_TYPES = new Set([11, 12, 13, 60, 61]);
const BEAT_TYPES = new Set([14, 63, 64]);

const nodes = new Map(data.nodes.map(([id, kind, name, born, replica]) =>
  [id, { id, kind, name, born, replica, died: Infinity, clocks: [], views: [], pauses: [], faults: [], why: "" }]));
const frames = data.frames.map(([view, by, seq, ts, rest, requests, acks], id) =>
  ({ id, view, by, seq, ts, rest, requests, acks, name: `${by}.${seq}`, at: new Map() }));
const messages = data.messages.map(([type, from, to, sent, ended, lost, frame, note]) =>
  ({ type, from, to, sent, ended, lost, frame: frame < 0 ? null : frames[frame], note }));
const requests = data.requests.map(([session, number, label], id) =>
  ({ id, session, number, label: label || "request", frames: [], asked: null, answered: null, code: "" }));
const requestOf = new Map(requests.map(r => [r.session + "." + r.number, r]));
for (const f of frames) for (const [s, n] of f.requests) {
  const r = requestOf.get(s + "." + n);
  if (r && r.frames.at(-1) !== f) r.frames.push(f);
}
let end = 0;

// --- what happened, in order: marks, and messages as they are sent and delivered

const proposals = [];
function collectMarks() {
  for (const [kind, at, who, a, b] of data.marks) {
    const node = nodes.get(who);
    end = Math.max(end, at);
    if (kind === "propose") proposals.push({ at, who, view: a, members: b });
    else if (kind === "ask") { requests[a].asked = at; requests[a].by = who; }
    else if (kind === "answer") { requests[a].answered = at; requests[a].code = b; }
    else if (!node) continue;
    else if (kind === "crash") { node.died = at; node.why = a; }
    else if (kind === "pause") node.pauses.push([at, Infinity]);
    else if (kind === "resume" && node.pauses.length) node.pauses.at(-1)[1] = at;
    else if (kind === "clock") { if (!node.clocks.length || node.clocks.at(-1)[1] !== a) node.clocks.push([at, a]); }
    else if (kind === "install") node.views.push({ at, view: a, members: b.split(" ").map(Number) });
    else if (kind === "fault") node.faults.push([at, a]);
    else if (kind === "execute") place(frames[a], who).executed = at;
  }
  for (const m of messages) end = Math.max(end, m.sent, m.ended);
}

// Where and when a frame is held, stable, safe and executed, by the node of the replica.
function place(frame, who) {
  if (!frame.at.has(who)) frame.at.set(who, {});
  return frame.at.get(who);
}

const later = (a, b) => a.ts > b.ts || (a.ts === b.ts && String(a.by) > String(b.by));

// Stable (2.4) and safe (2.5) at one replica, from what it sent and received in one view.
class Replica {
  constructor(node) { this.node = node; this.begin(-1, []); }
  begin(view, members) {
    this.view = view;
    this.members = members;
    this.last = new Map();               // transmitter → its newest frame
    this.floors = new Map();             // replica → transmitter → seq that it says it holds
    this.clients = new Set();            // active direct clients
    this.waiting = [];                   // frames with requests that are not stable and safe yet
  }
  hold(frame, at) {
    if (frame.view !== this.view) return;
    const here = place(frame, this.node.id);
    if (here.held !== undefined) return;
    here.held = at;
    this.last.set(frame.by, frame);
    if (!this.floors.has(frame.by)) this.floors.set(frame.by, new Map());
    const row = this.floors.get(frame.by);
    for (const [x, seq] of frame.acks) row.set(x, seq);
    if (typeof frame.by === "number") row.set(frame.by, Math.max(row.get(frame.by) || 0, frame.seq));
    if (frame.rest) this.clients.delete(frame.by);
    if (frame.requests.length) this.waiting.push(frame);
    this.look(at);
  }
  look(at) {
    this.waiting = this.waiting.filter(frame => {
      const here = place(frame, this.node.id);
      if (here.stable === undefined && this.stable(frame)) here.stable = at;
      if (here.safe === undefined && this.safe(frame)) here.safe = at;
      return here.stable === undefined || here.safe === undefined;
    });
  }
  stable(frame) {
    const passed = y => y === frame.by || y === this.node.replica || (this.last.has(y) && later(this.last.get(y), frame));
    return this.members.every(passed) && [...this.clients].every(passed);
  }
  safe(frame) {
    return this.members.every(r => r === this.node.replica ||
      ((this.floors.get(r) || new Map()).get(frame.by) || 0) >= frame.seq);
  }
}

function workOut() {
  const replicas = new Map([...nodes.values()].filter(n => n.kind === "replica").map(n => [n.id, new Replica(n)]));
  const clientOf = new Map();             // node of a direct client → its transmitter
  const steps = [];
  for (const m of messages) {
    if (m.type === 10 && replicas.has(m.from)) steps.push([m.sent, 0, r => r.hold(m.frame, m.sent), m.from]);
    if (m.type === 10 && !replicas.has(m.from)) clientOf.set(m.from, m.frame.by);
    if ((m.type === 10 || m.type === 12) && m.ended >= 0 && !m.lost && replicas.has(m.to))
      steps.push([m.ended, 1, r => r.hold(m.frame, m.ended), m.to]);
    if (m.type === 31 && replicas.has(m.from))
      steps.push([m.sent, 0, r => { const x = clientOf.get(m.to); if (x) r.clients.add(x); }, m.from]);
  }
  for (const n of nodes.values()) for (const v of n.views)
    if (replicas.has(n.id)) steps.push([v.at, 2, r => r.begin(v.view, v.members), n.id]);
  steps.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  for (const [, , what, who] of steps) what(replicas.get(who));
}

collectMarks();
bornWithAView();
workOut();

// The members of the first view install nothing: they are born with it.
function bornWithAView() {
  const first = [...nodes.values()].filter(n => n.kind === "replica" && n.born === 0);
  for (const n of first) n.views.unshift({ at: 0, view: 0, members: first.map(f => f.replica) });
}

// --- the picture

const canvas = byId("canvas"), pen = canvas.getContext("2d");
const lanes = [...nodes.values()].sort((a, b) => rank(a) - rank(b) || a.replica - b.replica || a.id - b.id);
function rank(n) { return n.kind === "client" ? 0 : n.kind === "replica" ? 1 : 2; }
let from = 0, to = Math.max(end, 1), followed = null, pointed = null, scroll = 0;
const LEFT = 130, TOP = 34;
let width = 0, height = 0, gap = 40;
messages.sort((a, b) => a.sent - b.sent);
const longest = messages.reduce((most, m) => Math.max(most, (m.ended < 0 ? m.sent : m.ended) - m.sent), 0);

const x = t => LEFT + (t - from) / (to - from) * (width - LEFT - 10);
const time = px => from + (px - LEFT) / (width - LEFT - 10) * (to - from);
function y(id) { return TOP + 20 + laneAt.get(id) * gap - scroll; }
let laneAt = new Map();

// Lanes of what lived in the part that is seen.
function layOut() {
  const seen = lanes.filter(n => n.born <= to && n.died >= from && (n.kind !== "client" || byId("others").checked || clientMatters(n)));
  laneAt = new Map(seen.map((n, i) => [n.id, i]));
  gap = Math.max(26, Math.min(70, (height - TOP - 40) / Math.max(seen.length, 1)));
}
const broadcasters = new Set(messages.filter(m => m.type === 10 && nodes.get(m.from).kind === "client").map(m => m.from));
function clientMatters(n) { return broadcasters.has(n.id) || (followed && followed.by === n.id); }

function shown(m) {
  if (!laneAt.has(m.from) || !laneAt.has(m.to)) return false;
  if (m.type === 10) return m.frame.requests.length > 0 || byId("nulls").checked;
  if (VIEW_TYPES.has(m.type)) return byId("views").checked;
  if (BEAT_TYPES.has(m.type)) return byId("beats").checked;
  return byId("others").checked || carries(m);
}
// Between the client whose write is followed and its replicas, while it waits.
function carries(m) {
  return followed && (m.type === 40 || m.type === 41) && (m.from === followed.by || m.to === followed.by) &&
    m.sent >= followed.asked && m.sent <= (followed.answered ?? end);
}
function follows(m) { return followed && m.frame && followed.frames.includes(m.frame); }
// An acknowledgement of a frame that is followed.
function acknowledges(m) {
  return followed && m.type === 10 && m.frame.acks.some(([by, seq]) =>
    followed.frames.some(f => f.view === m.frame.view && f.by === by && f.seq === seq));
}

function draw() {
  width = canvas.clientWidth; height = canvas.clientHeight;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio; canvas.height = height * ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "11px system-ui, sans-serif";
  layOut();
  drawProposals();
  for (const id of laneAt.keys()) drawLane(nodes.get(id));
  for (const m of visible()) if (shown(m)) drawArrow(m);
  drawPlaces();
  drawTimes();
}

function* visible() {
  let low = 0, high = messages.length;
  while (low < high) { const middle = (low + high) >> 1; if (messages[middle].sent < from - longest) low = middle + 1; else high = middle; }
  for (let i = low; i < messages.length && messages[i].sent <= to; ++i)
    if ((messages[i].ended < 0 ? messages[i].sent : messages[i].ended) >= from) yield messages[i];
}

function drawLane(n) {
  const at = y(n.id), begin = Math.max(x(n.born), LEFT), stop = Math.min(x(Math.min(n.died, end)), width);
  n.views.forEach((v, i) => {
    const until = i + 1 < n.views.length ? n.views[i + 1].at : Math.min(n.died, end);
    pen.fillStyle = `hsl(${(v.view * 67 + 200) % 360} 60% 92%)`;
    const left = Math.max(x(v.at), LEFT), right = Math.min(x(until), width);
    if (right <= left) return;
    pen.fillRect(left, at - gap * 0.32, right - left, gap * 0.64);
    if (right - left > 50) { pen.fillStyle = "#66707f"; pen.fillText(`view ${v.view}`, left + 3, at - gap * 0.32 + 10); }
  });
  pen.fillStyle = "#c9ced6";
  for (const [a, b] of n.pauses)
    pen.fillRect(Math.max(x(a), LEFT), at - 6, Math.max(Math.min(x(Math.min(b, n.died, end)), width) - Math.max(x(a), LEFT), 0), 12);
  line(begin, at, stop, at, "#1c2430", 1);
  pen.fillStyle = "#1c2430";
  pen.fillText(n.name, 8, at + 4);
  if (n.died <= to && n.died >= from) cross(x(n.died), at, 7, "#b3261e", 2.5);
  let last = -99;
  for (const [t, clock] of n.clocks) {
    const px = x(t);
    if (px < LEFT || px > width || px - last < 26) continue;
    last = px;
    pen.fillStyle = "#66707f";
    pen.fillText(clock, px - 4, at + gap * 0.32 - 1);
  }
}

function drawArrow(m) {
  const stop = m.ended < 0 ? Math.min(m.sent + longest, end) : m.ended;
  const a = [x(m.sent), y(m.from)], b = [x(stop), y(m.to)];
  const mine = follows(m) || carries(m), ack = acknowledges(m), faded = followed && !mine && !ack;
  const heavy = m.frame && m.frame.requests.length > 0;
  const colour = m === pointed ? "#c45500" : VIEW_TYPES.has(m.type) ? "#7b3fa0" : mine ? "#0b6e4f" : heavy ? "#245ea8" : "#8a94a3";
  pen.globalAlpha = faded ? 0.12 : 1;
  line(...a, ...b, colour, m === pointed || mine ? 2.4 : heavy ? 1.4 : 0.8);
  if (m.lost || m.ended < 0) cross(b[0] - (b[0] - a[0]) * 0.2, b[1] - (b[1] - a[1]) * 0.2, 4, "#b3261e", 1.5);
  else head(a, b, colour);
  if (!faded && heavy && x(m.sent + 300) - x(m.sent) > 6) { pen.fillStyle = colour; pen.fillText(m.frame.ts, a[0] + 2, a[1] - 4); }
  pen.globalAlpha = 1;
}

// Held, stable, safe, executed: of the write that is followed; of all when there is room.
function drawPlaces() {
  const some = followed ? followed.frames : (to - from < 30000 ? frames.filter(f => f.requests.length) : []);
  for (const f of some) for (const [who, here] of f.at) {
    if (!laneAt.has(who)) continue;
    const at = y(who);
    const dot = (t, fill) => { if (t !== undefined && t >= from && t <= to) circle(x(t), at, followed ? 6 : 4, fill); };
    dot(here.held, 0); dot(here.stable, 0.5); dot(here.safe, 0.75); dot(here.executed, 1);
  }
  if (!followed) return;
  for (const [t, label] of [[followed.asked, "asked"], [followed.answered, "answered"]])
    if (t !== null) { line(x(t), TOP, x(t), height - 16, "#0b6e4f", 1, [4, 4]); pen.fillStyle = "#0b6e4f"; pen.fillText(label, x(t) + 3, TOP + 8); }
}

function drawProposals() {
  if (!byId("views").checked) return;
  let free = 0;
  for (const p of proposals) {
    if (p.at < from || p.at > to) continue;
    line(x(p.at), TOP - 12, x(p.at), height - 16, "#7b3fa0", 1, [2, 4]);
    pen.fillStyle = "#7b3fa0";
    if (x(p.at) < free) continue;
    const label = `view ${p.view} = {${p.members}}`;
    pen.fillText(label, x(p.at) + 3, TOP - 4);
    free = x(p.at) + pen.measureText(label).width + 8;
  }
}

function drawTimes() {
  const step = [10, 20, 50, 100, 200, 500].flatMap(s => [s, s * 1e3, s * 1e6]).sort((a, b) => a - b).find(s => (to - from) / s < 12) || 1e9;
  pen.fillStyle = "#66707f";
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) pen.fillText(clockText(t), x(t), height - 4);
}
function clockText(t) { return t >= 1e6 || to - from > 2e6 ? (t / 1e6).toFixed(to - from < 1e5 ? 5 : 2) + " s" : (t / 1e3).toFixed(2) + " ms"; }

function line(x1, y1, x2, y2, colour, thick, dash = []) {
  pen.strokeStyle = colour; pen.lineWidth = thick; pen.setLineDash(dash);
  pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke(); pen.setLineDash([]);
}
function cross(px, py, size, colour, thick) { line(px - size, py - size, px + size, py + size, colour, thick); line(px - size, py + size, px + size, py - size, colour, thick); }
function head(a, b, colour) {
  const angle = Math.atan2(b[1] - a[1], b[0] - a[0]);
  pen.fillStyle = colour; pen.beginPath(); pen.moveTo(b[0], b[1]);
  for (const turn of [2.75, -2.75]) pen.lineTo(b[0] + 7 * Math.cos(angle + turn), b[1] + 7 * Math.sin(angle + turn));
  pen.fill();
}
function circle(px, py, size, filled) {
  pen.beginPath(); pen.arc(px, py, size, 0, 7); pen.fillStyle = "#fff"; pen.fill();
  pen.strokeStyle = "#0b6e4f"; pen.lineWidth = 1.4; pen.stroke();
  pen.beginPath(); pen.moveTo(px, py); pen.arc(px, py, size, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * filled); pen.fillStyle = "#0b6e4f"; pen.fill();
}
