// The strip of opened studies: one button a series, one cross a study.

import { request } from "./api.js";
import { CROSS, element, find, icon } from "./dom.js";
import { planeName, studyTitle } from "./facts.js";
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
  for (const button of find("series").querySelectorAll(".series-item")) {
    const { study, series } = button.dataset;
    const isShown = session.view?.study === study && session.view.series === Number(series);
    if (isShown && button.getAttribute("aria-pressed") !== "true") button.scrollIntoView({ block: "nearest", inline: "nearest" });
    button.setAttribute("aria-pressed", String(isShown));
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
  const remove = element(
    "button",
    { type: "button", class: "icon", "aria-label": t("remove.study", { title: studyTitle(study) }), on: { click: () => removeStudy(study) } },
    icon(CROSS),
  );
  const buttons = study.series.map((series) => seriesButton(study, series, thumbnails));
  return element("li", { class: study.expired ? "study expired" : "study" }, ...buttons, remove);
}

function seriesButton(study, series, thumbnails) {
  const image = element("img", { alt: "", width: 40, height: 40 });
  const view = { study: study.id, series: series.index, slice: series.default_slice, window: series.default_window };
  if (!study.expired) thumbnails.push({ image, view });
  const kind = study.expired ? t("expired.short") : [series.modality, planeName(series.plane), series.num_slices > 1 ? series.num_slices : ""].filter(Boolean).join(" · ");
  return element(
    "button",
    { type: "button", class: "series-item", "data-study": study.id, "data-series": series.index, on: { click: () => openSeries(study, series) } },
    image,
    element("span", {}, element("b", {}, studyTitle(study)), element("small", {}, kind)),
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
