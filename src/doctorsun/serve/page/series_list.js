// The strip of opened studies: one button a series, one cross a study.

import { request } from "./api.js";
import { button, CROSS, element, find, icon, joined } from "./dom.js";
import { planeName, seriesName, seriesTitle, studyTitle } from "./facts.js";
import { picture, picturePath } from "./pictures.js";
import { session } from "./session.js";
import { t } from "./strings.js";
import { openSeries, showView } from "./viewer.js";

/** Write the strip; pictures come one after another, so that the one on the stage is not kept waiting. */
export async function writeSeries() {
  const list = find("series");
  list.hidden = !session.studies.length;
  const thumbnails = [];
  list.replaceChildren(...session.studies.map((study) => studyItem(study, thumbnails)));
  pressShown();
  for (const { image, view } of thumbnails) {
    try {
      image.src = await picture(picturePath(view));
    } catch {
      image.classList.add("missing");
    }
  }
}

/** Press the button of the series on the stage. */
export function pressShown() {
  for (const each of find("series").querySelectorAll(".series-item")) {
    const { study, series } = each.dataset;
    const isShown = session.view?.study === study && session.view.series === Number(series);
    const isNew = isShown && each.getAttribute("aria-pressed") !== "true";
    if (isNew) each.scrollIntoView({ block: "nearest", inline: "nearest" });
    each.setAttribute("aria-pressed", String(isShown));
  }
}

/** Mark a study that the server no longer has. */
export function markExpired(id) {
  const study = session.studies.find((each) => each.id === id);
  if (!study || study.expired) return;
  study.expired = true;
  writeSeries();
}

function studyItem(study, thumbnails) {
  const label = t("remove.study", { title: studyTitle(study) });
  const remove = button({ class: "icon", "aria-label": label, on: { click: () => removeStudy(study) } }, icon(CROSS));
  const buttons = study.series.map((series) => seriesButton(study, series, thumbnails));
  return element("li", { class: study.expired ? "study expired" : "study" }, ...buttons, remove);
}

function seriesButton(study, series, thumbnails) {
  const image = element("img", { alt: "", width: 40, height: 40 });
  const view = { study: study.id, series: series.index, slice: series.default_slice, window: series.default_window };
  if (!study.expired) thumbnails.push({ image, view });
  const number = series.num_slices > 1 ? series.num_slices : "";
  const told = joined([series.modality, planeName(series.plane), number]) || `${series.width} × ${series.height}`;
  const [name, small] = [seriesName(study, series) || studyTitle(study), study.expired ? t("expired.short") : told];
  const whole = { title: seriesTitle(study, series), on: { click: () => openSeries(study, series) } };
  return button(
    { class: "series-item", "data-study": study.id, "data-series": series.index, ...whole },
    image,
    element("span", {}, element("b", {}, name), element("small", {}, small)),
  );
}

function removeStudy(study) {
  session.studies = session.studies.filter((each) => each !== study);
  // Whether it had expired or not, it is gone from here.
  request(`v1/studies/${encodeURIComponent(study.id)}`, { method: "DELETE" }).catch(() => {});
  writeSeries();
  const [next] = session.studies;
  if (session.view?.study !== study.id) showView(session.view);
  else if (next) openSeries(next, next.series[0]);
  else showView(null);
}
