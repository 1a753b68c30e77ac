/** The box with what is behind a number. */

import { element } from "./dom";

const box = element("div", { id: "tip", role: "status", hidden: true });

export function place(): void {
  document.body.append(box);
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
  addEventListener("scroll", hide, true);
}

export function show(near: DOMRect, lines: string[]): void {
  box.replaceChildren(...lines.map((line) => element("p", {}, line)));
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const left = Math.max(4, Math.min(near.left, document.documentElement.clientWidth - width - 4));
  const above = near.top - height - 6;
  box.style.left = `${left}px`;
  box.style.top = `${above > 4 ? above : near.bottom + 6}px`;
}

export function hide(): void {
  box.hidden = true;
}
