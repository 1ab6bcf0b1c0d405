/**
 * Words of the wall, short enough to be read from afar.
 */

export default {
  en: {
    "wall.title": "Wall",
    "wall.lot": "Lot {lot}",
    "wall.ask": "Asking {ask}",
    "wall.start": "start price",
    "wall.leader": "Paddle {paddle}",
    "wall.warned": "FAIR WARNING",
    "wall.sold": "SOLD for {price} to paddle {paddle}",
    "wall.opens": "opens at {at}",
    "wall.next": "comes next",
    "wall.following": "Next",
    "wall.results": "Just ended",
    "wall.nothing": "No lot is open or to come.",
    "wall.full_screen": "Full screen",
  },
  zh: {
    "wall.title": "大屏",
    "wall.lot": "标的 {lot}",
    "wall.ask": "应价 {ask}",
    "wall.start": "起拍价",
    "wall.leader": "竞买号 {paddle}",
    "wall.warned": "即将落槌",
    "wall.sold": "成交：{price}，竞买号 {paddle}",
    "wall.opens": "{at} 开始",
    "wall.next": "即将开始",
    "wall.following": "后续标的",
    "wall.results": "刚刚结束",
    "wall.nothing": "没有竞价中或即将开始的标的。",
    "wall.full_screen": "全屏",
  },
};
