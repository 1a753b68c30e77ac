"use strict";
// Values of a chart under the pointer, or by the arrow keys; they are those of the table below it.
for (const chart of document.querySelectorAll(".chart")) {
  const svg = chart.querySelector("svg"), wide = chart.querySelector(".wide");
  let below = chart.nextElementSibling;
  while (below && !below.matches(".values")) below = below.nextElementSibling;
  const panels = [...(below ? below.querySelectorAll("table") : [])].map(table => {
    const [x, y, width, height] = table.dataset.box.split(",").map(Number);
    const heads = [...table.tHead.rows[0].cells].map(cell => cell.textContent);
    const rows = [...table.tBodies[0].rows].map(row => ({ row, at: row.dataset.at.split(",").map(Number) }));
    return { x, y, width, height, heads, rows, title: table.caption?.textContent ?? "", lying: "lying" in table.dataset };
  }).filter(panel => panel.rows.length);
  if (!panels.length) continue;
  const said = document.createElement("div");
  said.className = "said";
  said.hidden = true;
  chart.append(said);
  const aloud = document.createElement("p");
  aloud.setAttribute("role", "status");
  aloud.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
  chart.append(aloud);
  const rule = document.createElementNS("http://www.w3.org/2000/svg", "line");
  rule.setAttribute("class", "at");
  let panel = panels[0], place = -1;
  wide.setAttribute("role", "group");
  wide.setAttribute("aria-label", chart.dataset.hint);

  const words = ({ row }) => [...row.cells].slice(1).map((cell, at) => [panel.heads[at + 1], cell.textContent])
    .filter(([, value]) => value);
  const show = (at, loud) => {
    place = at;
    const found = panel.rows[at], told = words(found), head = found.row.cells[0].textContent;
    const strong = document.createElement("b");
    strong.textContent = head;
    said.replaceChildren(strong, ...told.map(([name, value]) => {
      const line = document.createElement("div");
      line.textContent = `${name}: ${value}`;
      return line;
    }));
    if (loud) aloud.textContent = [panel.title, head, ...told.map(pair => pair.join(": "))].filter(Boolean).join("; ");
    const [x, y] = found.at, across = panel.lying;
    for (const [name, value] of Object.entries(across
      ? { x1: panel.x, x2: panel.x + panel.width, y1: y, y2: y }
      : { x1: x, x2: x, y1: panel.y, y2: panel.y + panel.height })) rule.setAttribute(name, value);
    svg.append(rule);
    said.hidden = false;
    const matrix = svg.getScreenCTM(), outer = chart.getBoundingClientRect();
    const point = new DOMPoint(across ? panel.x + panel.width / 2 : x, across ? y : panel.y).matrixTransform(matrix);
    const room = outer.width - said.offsetWidth, left = point.x - outer.left;
    said.style.left = `${Math.max(0, left > outer.width / 2 ? left - said.offsetWidth - 12 : Math.min(left + 12, room))}px`;
    said.style.top = `${Math.max(0, point.y - outer.top)}px`;
    if (loud && (left < 0 || left > outer.width)) wide.scrollLeft += left - outer.width / 2;
  };
  const hide = () => {
    said.hidden = true;
    rule.remove();
  };
  const near = event => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const inside = panels.find(one => point.x >= one.x - 4 && point.x <= one.x + one.width + 4
      && point.y >= one.y - 4 && point.y <= one.y + one.height + 4);
    if (!inside) return hide();
    panel = inside;
    const away = ({ at: [x, y] }) => panel.lying ? Math.abs(y - point.y) : Math.abs(x - point.x) + Math.abs(y - point.y) / 1000;
    let best = 0;
    panel.rows.forEach((row, at) => { if (away(row) < away(panel.rows[best])) best = at; });
    show(best, false);
  };
  svg.addEventListener("pointermove", near);
  svg.addEventListener("pointerdown", near);
  chart.addEventListener("pointerleave", event => { if (event.pointerType === "mouse") hide(); });
  wide.addEventListener("blur", hide);
  wide.addEventListener("keydown", event => {
    const last = panel.rows.length - 1, step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") return hide();
    if (step) show(place < 0 ? (step > 0 ? 0 : last) : Math.min(last, Math.max(0, place + step)), true);
    else if (event.key === "Home" || event.key === "End") show(event.key === "Home" ? 0 : last, true);
    else if (down && panels.length > 1) {
      panel = panels[Math.min(panels.length - 1, Math.max(0, panels.indexOf(panel) + down))];
      show(Math.min(Math.max(place, 0), panel.rows.length - 1), true);
    } else return;
    event.preventDefault();
  });
}
// The place one is in, in the contents.
const links = new Map([...document.querySelectorAll("nav.toc a[href^='#']")].map(link => [decodeURIComponent(link.hash.slice(1)), link]));
const headings = [...links.keys()].map(name => document.getElementById(name)).filter(Boolean);
if (headings.length) {
  let waiting = false;
  const mark = () => {
    waiting = false;
    let now = headings[0];
    for (const one of headings) if (one.getBoundingClientRect().top <= innerHeight * 0.3) now = one;
    if (innerHeight + scrollY >= document.documentElement.scrollHeight - 2) now = headings[headings.length - 1];
    for (const [name, link] of links) {
      if (name !== now.id) { link.removeAttribute("aria-current"); continue; }
      if (link.getAttribute("aria-current")) continue;
      link.setAttribute("aria-current", "location");
      const list = link.closest("ul ul") ? link.closest("nav.toc") : link.closest("ul");
      if (list.scrollHeight > list.clientHeight) list.scrollTop = link.offsetTop - list.offsetTop - list.clientHeight / 2;
    }
  };
  addEventListener("scroll", () => { if (!waiting) { waiting = true; requestAnimationFrame(mark); } }, { passive: true });
  mark();
}
