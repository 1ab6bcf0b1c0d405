/** Words of the sign_in page. */

export default {
  en: { "sign_in.title": "sign_in" },
  zh: { "sign_in.title": "sign_in" },
};
