import { escapeXml } from '../train/index.js';

/** A value as a report shows it: numbers with four digits after the point, whole ones as they are. */
type Cell = string | number;

const STYLE = `
  :root { color-scheme: light dark; --ground: #fff; --ink: #222; --rule: #ddd; --best: #2a78d622; }
  @media (prefers-color-scheme: dark) { :root { --ground: #1a1a19; --ink: #ddd; --rule: #444; --best: #5598e744; } }
  body { font: 15px/1.5 system-ui, sans-serif; background: var(--ground); color: var(--ink); max-width: 860px; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
  table { border-collapse: collapse; } .scroll { overflow-x: auto; }
  th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--rule); text-align: right; }
  th:first-child, td:first-child { text-align: left; } tr.best { background: var(--best); }
  svg { max-width: 100%; height: auto; } caption { text-align: left; font-size: .85rem; }
`;

export function page(title: string, sections: readonly (readonly [heading: string, html: string])[]): string {
  const body = sections.map(([heading, html]) => `<h2>${escapeXml(heading)}</h2>\n<div class="scroll">${html}</div>`);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeXml(title)}</title>
<style>${STYLE}</style></head>
<body>
<h1>${escapeXml(title)}</h1>
${body.join('\n')}
</body>
</html>
`;
}

/** @param best the row that stands out */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], best = -1): string {
  const cells = (tag: string, values: readonly Cell[]) =>
    values.map((value) => `<${tag}>${escapeXml(show(value))}</${tag}>`).join('');
  const body = rows.map((row, i) => `<tr${i === best ? ' class="best"' : ''}>${cells('td', row)}</tr>`);
  return `<table><thead><tr>${cells('th', head)}</tr></thead><tbody>${body.join('\n')}</tbody></table>`;
}

export function definitions(entries: readonly (readonly [name: string, value: Cell])[]): string {
  const rows = entries.map(
    ([name, value]) => `<tr><th scope="row">${escapeXml(name)}</th><td>${escapeXml(show(value))}</td></tr>`,
  );
  return `<table>${rows.join('\n')}</table>`;
}

/** True classes in rows, predicted ones in columns; the share of its row colours a cell. */
export function confusionTable(labels: readonly string[], confusion: readonly (readonly number[])[]): string {
  const rows = confusion.map((row, i) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    const cells = row.map((count, j) => {
      const share = total === 0 ? 0 : Math.round((100 * count) / total);
      const colour = i === j ? '42, 120, 214' : '194, 65, 12';
      return `<td style="background: rgba(${colour}, ${share / 130})" title="${share} %">${count}</td>`;
    });
    return `<tr><th scope="row">${escapeXml(labels[i] ?? '')}</th>${cells.join('')}</tr>`;
  });
  const head = labels.map((label) => `<th scope="col">${escapeXml(label)}</th>`).join('');
  const caption = '<caption>true class in rows, predicted class in columns</caption>';
  return `<table>${caption}<thead><tr><th></th>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function show(value: Cell): string {
  if (typeof value === 'string') return value;
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}
