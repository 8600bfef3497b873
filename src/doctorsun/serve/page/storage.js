// What the browser keeps for the page; where it refuses, what was to be kept lasts as long as the page.

const memory = new Map();

/** Return what is kept under a name in `localStorage` or `sessionStorage`, or null. */
export function recall(area, name) {
  try {
    return memory.get(`${area} ${name}`) ?? window[area].getItem(name);
  } catch {
    return null;
  }
}

/** Keep a text; return whether it will outlive the page. */
export function remember(area, name, text) {
  memory.set(`${area} ${name}`, text);
  try {
    window[area].setItem(name, text);
    return true;
  } catch {
    return false;
  }
}
