// Draws entities, each a phrase that carries its own spans and those nested in it.
//
// The conventions of annotation, held to everywhere:
// - a place name inside any other name is an address of its own, with or without its suffix;
// - what would be an entity by itself stays one inside a longer name of its type: the town, the road and the building
//   of an address, the company behind the town it bears;
// - a museum or memorial hall is both an organization and an address, a newspaper both an organization and a work;
// - the brand in front of a product is an organization; a work includes its 《》; words in “” are no works;
// - a span of time from one date to another is a date that holds two dates; durations are none.

import { remarks } from "./clauses.mjs";
import * as parts from "./inventory.mjs";
import { model } from "./names.mjs";
import { entity, join, phrase } from "./phrase.mjs";

const person = (content) => entity("person", content);
const organization = (content) => entity("organization", content);
const address = (content) => entity("address", content);
const work = (content) => entity("work", phrase`《${content}》`);

export class Cast {
  /**
   * @param {import("./random.mjs").Random} random
   * @param {object} known names of train
   * @param {object} [novel] names that train lacks
   * @param {number} [novelty] the chance that a name comes from `novel`
   */
  constructor(random, known, novel = known, novelty = 0) {
    this.random = random;
    this.known = known;
    this.novel = novel;
    this.novelty = novelty;
  }

  /** One of the given words. */
  one(...words) {
    return this.random.pick(words);
  }

  /** A number between the two, as digits. */
  count(low, high) {
    return String(this.random.integer(low, high));
  }

  /** What somebody says, without any entity. */
  remark() {
    return this.random.pick(remarks);
  }

  #name(kind) {
    return this.random.pick((this.random.chance(this.novelty) ? this.novel : this.known)[kind]);
  }

  #any(choices) {
    return this.random.weighted(choices)();
  }

  // -- people and their positions

  person() {
    return person(this.#any([
      [88, () => this.#name("chinesePeople")],
      [7, () => this.#name("foreignPeople")],
      [4, () => this.one("老", "小") + this.random.pick(parts.surnames[0])],
    ]));
  }

  /** A full Chinese name, as in titles and names of foundations. */
  namesake() {
    return person(this.#name("chinesePeople"));
  }

  position() {
    const office = this.random.chance(0.5);
    return entity("position", office ? this.random.pick(parts.positionOffices) : this.#name("positions"));
  }

  // -- places

  /** The stem of an invented place, such as 临江. */
  #stem() {
    return this.#name("places");
  }

  /** A town with its suffix: 临江市. */
  town() {
    return address(this.random.chance(0.8)
      ? this.#stem() + this.random.pick(parts.placeKinds)
      : this.random.pick(parts.realPlaces));
  }

  /** A place as it stands inside other names: 临江 or 临江市. */
  localName() {
    return address(this.#stem() + (this.random.chance(0.35) ? this.random.pick(parts.placeKinds) : ""));
  }

  #road() {
    return this.#name("roads") + (this.random.chance(0.6) ? `${this.random.integer(1, 399)}号` : "");
  }

  #building() {
    return address(phrase`${this.#company()}${this.one("大厦", "产业园", "总部大楼")}`);
  }

  /** Any address: a town, a road, a site or a building. */
  address() {
    return this.#any([
      [40, () => this.town()],
      [12, () => address(this.#stem())],
      [16, () => address(this.#road())],
      [6, () => address(phrase`${this.town()}${address(this.#road())}`)],
      [4, () => address(phrase`${address(this.#stem())}${this.random.pick(parts.siteKinds)}`)],
      [5, () => this.#building()],
      [4, () => address(phrase`${address(this.#road())}${this.#building()}`)],
      [3, () => address(phrase`${address(phrase`${this.town()}${address(this.#road())}`)}${this.museum()}`)],
      [4, () => address(phrase`${this.university()}${this.one("体育场", "礼堂", "东门", "报告厅")}`)],
      [3, () => this.museum()],
    ]);
  }

  /** A museum or memorial hall: an organization and an address on one span. */
  museum() {
    const name = this.random.chance(0.5)
      ? phrase`${this.localName()}${this.one("博物馆", "美术馆", "展览馆")}`
      : phrase`${this.namesake()}${this.one("纪念馆", "故居")}`;
    return organization(address(name));
  }

  // -- organizations

  /** The short name of a company: 华泽科技, Orvix. */
  #company() {
    return organization(this.#any([
      [9, () => this.#name("brands") + this.random.pick(parts.industries)],
      [1, () => this.#name("latinBrands")],
    ]));
  }

  company() {
    const full = () => this.#name("brands") + this.random.pick(parts.industries);
    const kind = () => this.random.pick(parts.companyKinds);
    return this.#any([
      [40, () => this.#company()],
      [36, () => organization(full() + kind())],
      [5, () => organization(phrase`${this.localName()}${organization(full() + kind())}`)],
      [6, () => organization(phrase`${organization(full())}（${address(this.#stem())}）${kind()}`)],
      [5, () => organization(phrase`${this.#company()}${address(this.#stem())}${this.one("分公司", "办事处")}`)],
      [4, () => organization(phrase`${this.namesake()}${this.one("工作室", "基金会")}`)],
    ]);
  }

  university() {
    return organization(phrase`${address(this.#stem())}${this.random.pick(parts.universityKinds)}`);
  }

  institution() {
    return this.#any([
      [72, () => organization(this.#name("brands") + this.random.pick(parts.institutionKinds))],
      [11, () => this.university()],
      [7, () => organization(phrase`${this.university()}${this.random.pick(parts.facultyKinds)}`)],
      [5, () => organization(phrase`${this.university()}附属${this.one("医院", "中学", "小学")}`)],
      [11, () => organization(phrase`${this.localName()}第${this.one("一", "二", "三", "五")}${this.one("中学", "人民医院")}`)],
      [11, () => organization(phrase`${this.localName()}${this.random.pick(parts.bureauKinds)}`)],
      [5, () => this.museum()],
    ]);
  }

  team() {
    const home = this.random.chance(0.4) ? address(this.#stem()) : this.#name("brands");
    return organization(phrase`${home}${this.random.pick(parts.teamNames)}`);
  }

  /** A newspaper: an organization and a work on one span. */
  newspaper() {
    const name = phrase`${address(this.#stem())}${this.one("日报", "晚报", "周刊")}`;
    return organization(entity("work", name));
  }

  organization() {
    return this.#any([
      [56, () => this.company()],
      [26, () => this.institution()],
      [8, () => this.team()],
      [4, () => this.newspaper()],
    ]);
  }

  // -- works and products

  work() {
    return this.#any([
      [50, () => work(this.#name("titles"))],
      [10, () => work(phrase`${this.namesake()}${this.one("传", "日记", "文集", "诗选", "自述")}`)],
      [5, () => work(phrase`${this.one("寻找", "再见", "我的老师")}${this.namesake()}`)],
      [9, () => work(phrase`${this.localName()}${this.one("往事", "纪事", "之恋", "旧梦", "地方志")}`)],
      [3, () => work(phrase`从${address(this.#stem())}到${address(this.#stem())}`)],
      [4, () => work(phrase`我在${this.university()}的${this.one("四年", "日子", "冬天")}`)],
      [4, () => work(phrase`${this.#company()}${this.one("风云", "创业史", "内幕")}`)],
    ]);
  }

  product() {
    const { random } = this;
    const goods = (content) => entity("product", content);
    const brand = () => organization(this.#name(random.chance(0.85) ? "brands" : "latinBrands"));
    return this.#any([
      [50, () => goods(this.#name("products"))],
      [17, () => goods(phrase`${brand()}${model(random)}`)],
      [14, () => goods(phrase`${brand()}${random.pick(parts.productKinds)}`)],
      [10, () => goods(phrase`${address(this.#stem())}${random.pick(parts.localGoods)}`)],
    ]);
  }

  // -- dates

  date() {
    const { random } = this;
    const year = () => `${random.integer(1949, 2025)}年`;
    const month = () => `${random.integer(1, 12)}月`;
    const twoDigits = (high) => String(random.integer(1, high)).padStart(2, "0");
    return this.#any([
      [14, () => entity("date", year())],
      [14, () => entity("date", year() + month())],
      [14, () => entity("date", `${random.integer(1949, 2025)}-${twoDigits(12)}-${twoDigits(28)}`)],
      [16, () => entity("date", `${month()}${random.integer(1, 28)}日`)],
      [5, () => entity("date", `${random.integer(1, 12)}月${this.one("初", "底", "中旬", "下旬")}`)],
      [20, () => entity("date", this.random.pick(parts.relativeDates))],
      [5, () => entity("date", `20世纪${this.one("50", "60", "70", "80", "90")}年代`)],
      [4, () => entity("date", this.one("国庆节", "中秋节", "端午节", "春节"))],
    ]);
  }

  /** From one date to another: a date that starts with a date and ends with one. */
  period() {
    const { random } = this;
    const from = random.integer(1960, 2010);
    const month = () => (random.chance(0.5) ? `${random.integer(1, 12)}月` : "");
    const first = entity("date", `${from}年${month()}`);
    const last = entity("date", `${from + random.integer(1, 14)}年${month()}`);
    return entity("date", join([first, this.one("至", "到"), last]));
  }
}
