/** Words of the lot_room page. */

export default {
  en: { "lot_room.title": "lot_room" },
  zh: { "lot_room.title": "lot_room" },
};
