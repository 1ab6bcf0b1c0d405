/** Words of the catalogue page. */

export default {
  en: { "catalogue.title": "catalogue" },
  zh: { "catalogue.title": "catalogue" },
};
