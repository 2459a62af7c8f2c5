"use strict";
// What the page does beside showing: charts as wide as it is, tables that sort and search. Without it all can be read.
(() => {
  document.documentElement.classList.add("scripted");

  const charts = document.getElementById("charts");
  for (const [name, spec] of Object.entries(charts ? JSON.parse(charts.textContent) : {})) {
    const place = document.getElementById("live-" + name);
    const options = { ast: true, renderer: "svg", actions: false, tooltip: { theme: "none" } };
    vegaEmbed(place, spec, options).catch((error) => {
      place.closest("figure").classList.add("undrawn");
      console.error(error);
    });
  }

  const key = (row, place) => {
    const cell = row.cells[place];
    return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
  };

  // What is not known goes last, whichever way it is sorted.
  const unknown = (value) => value === "" || value === "?";
  const compare = (one, other, sign) => {
    if (unknown(one) || unknown(other)) return unknown(one) - unknown(other);
    const order = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(other);
    return sign * order;
  };

  for (const heading of document.querySelectorAll("table.sortable thead th")) {
    const table = heading.closest("table");
    const place = heading.cellIndex;
    heading.querySelector("button").addEventListener("click", () => {
      const now = heading.getAttribute("aria-sort");
      const first = heading.classList.contains("right") && place > 0 ? "descending" : "ascending";
      const next = now === "none" ? first : now === "ascending" ? "descending" : "ascending";
      for (const other of heading.parentElement.cells) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      const rows = Array.from(table.tBodies[0].rows, (row) => [key(row, place), row]);
      rows.sort(([one], [other]) => compare(one, other, sign));
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  }

  for (const field of document.querySelectorAll("input[data-table]")) {
    const rows = Array.from(document.getElementById(field.dataset.table).tBodies[0].rows);
    const texts = rows.map((row) => Array.from(row.cells, (cell) => cell.textContent).join(" ").toLowerCase());
    const told = document.getElementById(field.dataset.table + "-count");
    const search = () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, place) => {
        row.hidden = !words.every((word) => texts[place].includes(word));
        shown += !row.hidden;
      });
      told.textContent = words.length ? `${shown} of ${rows.length} rows` : `${rows.length} rows`;
    };
    field.addEventListener("input", search);
    search();
  }
})();
