/** Words of the wall page. */

export default {
  en: { "wall.title": "wall" },
  zh: { "wall.title": "wall" },
};
