// The parts that names are made of. A pair [common, rare] keeps its second half for few names of train and many of the
// held-out sets, so that those hold characters seldom or never met in training.

export const split = (text) => [...text];
const words = (text) => text.trim().split(/\s+/u);

export const ENTITY_TYPES = ["person", "organization", "address", "work", "position", "product", "date"];

export const surnames = [
  split("陈李王张刘杨黄赵周吴徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹蔡潘董"),
  words("欧阳 上官 诸葛 姜 崔 谭 范 陆 秦"),
];

export const givenCharacters = [
  split("伟芳娜敏静丽强磊军勇艳杰娟涛超霞英红建文志海波欣怡子涵雨晨浩宇轩嘉琪俊晓雪晴梦瑶诗婷凡"),
  split("煜霖彦铭毅曦岚瑾楠颖"),
];

export const foreignGivenNames = words("安娜 卢卡 马克 艾琳 雨果 尼娜 奥斯卡 克拉拉 西蒙 伊万");
export const foreignSurnames = words("多兰 贝克 科尔 莫雷蒂 哈特 维斯 诺瓦克 林德 萨莫 费罗");

export const placeHeads = [
  split("临云青石安永金龙东南西北松柳梅竹枫沙丰泰宁古"),
  split("鹿鹤雁桂杏澄碧栖苍翠"),
];
export const placeTails = [
  split("江岭河溪山湖川原州泉桥港湾坪沟塘城滩"),
  split("浦屿崖渡洲陵岗堰"),
];
export const placeKinds = words("市 县 镇 区 市 县 村 乡");
export const realPlaces = words(
  "浙江省 四川省 云南省 广东省 湖南省 山东省 福建省 陕西省 杭州市 成都市 苏州市 武汉市 长沙市 青岛市 西安市 北京市 上海市 "
  + "杭州 成都 苏州 武汉 长沙 青岛 西安 北京 上海 重庆 昆明 大连",
);
export const roadHeads = [split("新和人中解建光学朝春康福望延花书"), split("槐榕樱荷菊莲琴")];
export const roadTails = [split("华民化放设乐园香兴宾荣"), split("荫韵畔影")];
export const roadKinds = words("路 街 大道 巷 路 街");
export const siteKinds = words("火车站 机场 公园 大桥 广场 码头 古镇 水库 湿地");

export const brandHeads = [split("华星瑞恒博启辰凌鼎盛宏越微创智联汇雅诺维天"), split("璞翎鲲赫芯臻")];
export const brandTails = [split("泽澜图达通思佳禾信合利源力迅翔点讯"), split("鹏睿炬韬麟纬")];
export const industries = words("科技 电子 生物 药业 能源 物流 传媒 食品 重工 汽车 软件 网络 材料 影业 航空");
export const companyKinds = words("有限公司 集团 公司 股份有限公司");
export const latinSyllables = [
  words("or vi ta lu ke no ra mi zo ve la so ti ne ka du ro be fi xa"),
  words("jo pha sto"),
];
export const latinTails = words("x n tek on ra is via ly max um co");

export const universityKinds = words("大学 师范大学 理工大学 医科大学 农业大学 学院");
export const facultyKinds = words("物理学院 文学院 医学院 材料学院 法学院 化学系 历史系 研究生院");
export const institutionKinds = words("中学 银行 乐团 诊所 出版社 律师事务所 书店 剧院 实验学校");
export const bureauKinds = words("教育局 环保局 公安局 文化局 交通局 统计局 气象局 规划局 水利局 商务局");
export const teamNames = words("飞虎队 雄鹰队 海豚队 雪豹队 火箭队 猎鹰俱乐部 白鲸俱乐部 红狐俱乐部");

export const titleQualities = [
  words("漫长 沉默 最后 遥远 蓝色 无人 迟到 失落 温柔 透明 寂静 倒流 年轻 秘密 古老 平凡 飞翔 燃烧 明亮 孤独"),
  words("斑驳 皎洁 嶙峋 缄默 斜阳 萤火"),
];
export const titleNouns = [
  words("灯塔 邮差 车站 夏天 河流 花园 钟声 地图 来信 岛屿 雪夜 屋顶 季风 森林 影子 海岸 月光 棋手 厨房 马车 图书馆 王国"),
  words("渡口 驿站 琥珀 麦浪 陀螺 风筝 蜃楼 棉花 橹声 砚台"),
];
export const latinTitleHeads = words("Dear Hello Blue Silent Little");
export const latinTitleNouns = words("River Moon Harbour Garden Winter Island Stranger");
export const titleFields = words("植物 海洋 古琴 机器学习 茶叶 建筑 天文 数学 烹饪 气象 陶瓷 统计");
export const titleFieldKinds = words("导论 概论 手册 简史 入门 十讲 图鉴");

export const relativeDates = words("昨天 今天上午 上周三 去年 去年冬天 今年春天 本月初 前天晚上 明年年底");

export const productNames = [
  words("晨曦 蓝鲸 极光 风行 银河 小橙 雷霆 飞鱼 北斗星 山雀 追光 白夜"),
  words("鹦鹉 琉璃 蜂鸟 麒麟 萤石 松果 海獭 青鸾"),
];
export const productKinds = words("手机 耳机 无人机 平板 电动车 手表 相机 机器人 路由器 音箱");
export const modelTails = words("Pro Max Mini Air Plus SE Ultra");
export const localGoods = words("毛尖 陈醋 米酒 豆腐 刺绣 腊肉 蜜橘 火腿 瓷器 白茶");

export const positionRanks = words("副 代理 首席 高级 助理 特约 见习");
export const positionTrades = words("工程师 设计师 研究员 分析师 编辑 记者 顾问 会计师 教练 翻译");
export const positionFields = words("财务 市场 技术 运营 人事 产品 安全 法务");
export const positionHeads = words("总监 经理 主管 专员");
export const positionOffices = words(
  "董事长 总经理 副总经理 首席执行官 CEO CTO CFO 教授 副教授 主任 副主任 主编 院长 副院长 校长 局长 副局长 市长 副市长 县长 "
  + "导演 队长 馆长 秘书长 站长 讲师 法官 律师 护士长 理事长",
);
