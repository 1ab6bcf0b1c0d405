/** Words of the operator page. */

export default {
  en: { "operator.title": "operator" },
  zh: { "operator.title": "operator" },
};
