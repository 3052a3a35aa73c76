// SPDX-License-Identifier: Apache-2.0
// Answers what a reader may miss on this page: inputs without a label, buttons without a name, and
// texts whose contrast with what is behind them is below 4.5 (WCAG 2, AA).
const parse = colour => {
  const n = colour.match(/[\d.]+/g).map(Number);
  return n.length < 4 ? [...n, 1] : n;
};
const over = (top, below) => below.map((b, i) => top[i] * top[3] + b * (1 - top[3]));
const behind = e => {
  const layers = [];
  for (let x = e; x; x = x.parentElement) layers.unshift(parse(getComputedStyle(x).backgroundColor));
  return layers.reduce((below, top) => over(top, below), [255, 255, 255]);
};
const luminance = colour => {
  const [r, g, b] = colour.map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};
const shown = e => e.getClientRects().length > 0 && !e.closest('.hidden, script, style');
const says = e => e.tagName === 'INPUT' || [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.textContent.trim());

const findings = [];
for (const e of document.querySelectorAll('input, select, textarea')) {
  if (![...e.labels].some(l => l.textContent.trim())) findings.push('no label: ' + e.outerHTML);
}
for (const e of document.querySelectorAll('button')) {
  if (!e.textContent.trim()) findings.push('no name: ' + e.outerHTML);
}
const texts = [...document.body.querySelectorAll('*')].filter(e => shown(e) && says(e));
if (texts.length < 50) findings.push('only ' + texts.length + ' texts were looked at');
for (const e of texts) {
  const ground = behind(e);
  const ratio = contrast(over(parse(getComputedStyle(e).color), ground), ground);
  if (ratio < 4.5) findings.push(ratio.toFixed(2) + ': ' + e.outerHTML);
}
return findings;
