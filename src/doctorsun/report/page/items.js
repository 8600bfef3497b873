// Filters of the items: a figure is shown while it has the chosen verdict, kind and language.
for (const part of document.querySelectorAll(".browse")) {
  const chosen = [...part.querySelectorAll("select")];
  const items = [...part.querySelectorAll(".item")];
  const show = () => {
    for (const item of items) {
      item.hidden = chosen.some((each) => each.value && item.dataset[each.dataset.field] !== each.value);
    }
    part.querySelector("output").textContent = items.filter((item) => !item.hidden).length;
  };
  part.addEventListener("change", show);
  show();
}
