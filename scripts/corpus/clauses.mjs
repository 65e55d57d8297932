// The templates. Each takes a Cast and gives a phrase without final punctuation; sentences.mjs joins them.
// Many plain words are chosen to share characters with names (高兴, 马上, 主任务, 市长期), many numbers are no entities.

import { phrase } from "./phrase.mjs";

/** Whole clauses with a subject. */
export const openers = [
  // people at work
  (c) => phrase`${c.organization()}${c.position()}${c.person()}${c.one("表示", "说", "透露", "强调", "承认")}，${c.remark()}`,
  (c) => phrase`${c.organization()}${c.one("任命", "聘请")}${c.person()}为${c.position()}`,
  (c) => phrase`${c.person()}${c.one("出任", "曾任", "将担任")}${c.organization()}${c.position()}`,
  (c) => phrase`${c.date()}，${c.person()}辞去${c.organization()}${c.position()}一职`,
  (c) => phrase`${c.person()}从${c.institution()}离职后${c.one("加入", "进入")}${c.company()}`,
  (c) => phrase`${c.period()}，${c.person()}在${c.organization()}${c.one("工作", "任职", "帮忙")}`,
  (c) => phrase`${c.position()}${c.person()}${c.one("主持", "出席", "缺席")}了${c.date()}的${c.one("会议", "发布会", "评审")}`,
  (c) => phrase`${c.person()}、${c.person()}和${c.person()}${c.one("获奖", "入选", "一同出发", "均未到场")}`,
  (c) => phrase`${c.organization()}的${c.person()}与${c.organization()}的${c.person()}${c.one("分到一组", "各执一词", "同台演讲")}`,
  (c) => phrase`${c.person()}${c.one("向", "给")}${c.position()}${c.person()}${c.one("递交了报告", "写了一封长信", "打了三次电话")}`,
  // one name several times
  (c) => {
    const name = c.person();
    return phrase`${name}${c.one("说", "坚称")}${name}${c.one("不是他的真名", "从没来过这里", "只是个笔名")}`;
  },
  (c) => {
    const name = c.person();
    return phrase`${c.one("大家都在找", "没人见过", "摄制组采访了")}${name}，可${name}${c.one("早已离开", "一句话也没说", "并不着急")}`;
  },
  (c) => {
    const company = c.company();
    return phrase`${c.one("从前的", "印象里的")}${company}已不是当年的${company}`;
  },
  (c) => {
    const town = c.town();
    return phrase`从${town}到${c.town()}，再从${c.address()}回到${town}，${c.one("走了", "一共花了")}${c.count(2, 30)}天`;
  },
  (c) => {
    const book = c.work();
    return phrase`${c.person()}译的${book}比${c.person()}译的${book}${c.one("更好读", "厚了一倍", "早出了八年")}`;
  },
  (c) => {
    const product = c.product();
    return phrase`${product}${c.one("降价", "断货")}，买了${product}的人${c.one("很高兴", "都在抱怨", "排起长队")}`;
  },
  // people and places
  (c) => phrase`${c.person()}于${c.date()}${c.one("出生于", "抵达", "搬到了")}${c.address()}`,
  (c) => phrase`${c.person()}${c.one("住在", "路过", "终于回到")}${c.address()}`,
  (c) => phrase`${c.date()}，${c.person()}${c.one("在", "来到")}${c.address()}${c.one("拍照", "参观", "迷了路", "等车")}`,
  (c) => phrase`${c.address()}${c.one("下了", "迎来", "遭遇")}${c.one("一场大雪", "入秋后第一场雨", "十年一遇的大风")}`,
  (c) => phrase`${c.one("列车", "卡车", "这趟班车")}从${c.address()}出发，${c.count(2, 9)}小时后到达${c.address()}`,
  (c) => phrase`${c.town()}${c.one("人口不足", "新增住户", "海拔下降了")}${c.count(100, 9000)}，${c.one("长期缺水", "平原居多", "山高林密")}`,
  (c) => phrase`${c.address()}距离${c.address()}${c.one("约", "不到")}${c.count(2, 800)}公里`,
  (c) => phrase`${c.town()}${c.position()}${c.person()}${c.one("到", "前往")}${c.address()}${c.one("调研", "看望老人", "检查工作")}`,
  // organizations
  (c) => phrase`${c.company()}${c.one("总部位于", "搬到了", "迁至")}${c.address()}`,
  (c) => phrase`${c.organization()}于${c.date()}在${c.address()}${c.one("成立", "挂牌", "举行招聘会", "开庆功宴")}`,
  (c) => phrase`${c.company()}${c.one("收购了", "起诉了", "入股")}${c.company()}`,
  (c) => phrase`${c.company()}与${c.organization()}${c.one("签署协议", "联合办学", "共建实验室", "对簿公堂")}`,
  (c) => phrase`${c.company()}${c.date()}${c.one("营收", "亏损", "捐款")}${c.count(2, 900)}万元`,
  (c) => phrase`${c.team()}${c.one("以", "客场")}${c.count(0, 9)}比${c.count(0, 9)}${c.one("战胜", "战平", "不敌")}${c.team()}`,
  (c) => phrase`${c.institution()}${c.one("招收", "接待", "录取")}了${c.count(20, 3000)}名${c.one("学生", "病人家属", "大学生", "参观者")}`,
  (c) => phrase`${c.institution()}${c.one("将于", "定于")}${c.date()}${c.one("开放", "搬迁", "闭馆整修")}`,
  (c) => phrase`据${c.newspaper()}${c.date()}报道，${c.person()}${c.one("已经退休", "拒绝道歉", "正在康复")}`,
  (c) => phrase`${c.organization()}${c.position()}${c.person()}${c.one("连夜", "刚刚", "匆匆")}赶到${c.address()}`,
  (c) => phrase`${c.museum()}${c.one("展出", "收藏", "复制")}了${c.person()}的${c.one("手稿", "书信", "石刻")}`,
  (c) => phrase`${c.one("我们", "志愿者", "同学们")}在${c.address()}${c.one("门口", "里", "旁边")}${c.one("合影", "读书", "等了半小时")}`,
  // works
  (c) => phrase`${c.person()}的${c.one("新书", "小说", "处女作")}${c.work()}${c.date()}出版`,
  (c) => phrase`${c.one("电影", "纪录片", "话剧")}${c.work()}在${c.address()}${c.one("开拍", "首映", "取景")}`,
  (c) => phrase`${c.work()}由${c.person()}执导，${c.person()}${c.one("主演", "配音", "作曲")}`,
  (c) => phrase`${c.one("她", "他", "爷爷")}${c.one("把", "又把")}${c.work()}${c.one("读了", "抄了", "看了")}${c.count(2, 9)}遍`,
  (c) => phrase`${c.person()}在${c.work()}里写过${c.address()}的${c.one("夏天", "集市", "渡船", "老街")}`,
  (c) => phrase`${c.work()}和${c.work()}${c.one("都卖完了", "同时上架", "入围了决赛")}`,
  (c) => phrase`${c.company()}${c.position()}${c.person()}主编了${c.work()}`,
  (c) => phrase`${c.person()}${c.one("凭", "因")}${c.work()}获得${c.organization()}${c.one("年度奖", "好评")}`,
  // products
  (c) => phrase`${c.company()}${c.one("发布", "推出", "召回")}了${c.one("", "新款", "旗舰产品")}${c.product()}`,
  (c) => phrase`${c.product()}${c.one("售价", "定价", "重")}${c.count(9, 9999)}${c.one("元", "克")}，${c.remark()}`,
  (c) => phrase`${c.person()}${c.one("买了", "弄丢了", "卖掉了", "正在试用")}${c.count(2, 5)}件${c.product()}`,
  (c) => phrase`${c.product()}和${c.product()}${c.one("哪个好", "怎么选", "都支持WiFi", "差了300元")}`,
  (c) => phrase`${c.position()}${c.person()}在${c.address()}${c.one("演示", "展示")}了${c.product()}`,
  (c) => phrase`${c.one("这款", "新到的", "他手里的")}${c.product()}${c.one("产自", "来自")}${c.address()}`,
  // positions and dates on their own
  (c) => phrase`${c.one("他的职务是", "公司急需", "她梦想成为")}${c.position()}`,
  (c) => phrase`${c.organization()}${c.one("正在招聘", "还缺", "换了")}${c.position()}和${c.position()}`,
  (c) => phrase`${c.one("合同", "展览", "活动", "报名")}${c.one("从", "自")}${c.date()}${c.one("开始", "起算")}，${c.remark()}`,
  (c) => phrase`${c.period()}的${c.one("账目", "照片", "天气记录")}${c.one("都在这里", "丢了大半", "已经公开")}`,
];

/** Clauses that go on from a subject already named. */
export const followers = [
  (c) => phrase`${c.one("随后", "接着", "当天")}前往${c.address()}`,
  (c) => phrase`并${c.one("感谢", "拜访", "提到")}了${c.organization()}`,
  (c) => phrase`${c.one("后来", "不久")}又${c.one("加入", "离开")}${c.organization()}`,
  (c) => phrase`${c.one("陪同的有", "在场的还有")}${c.position()}${c.person()}`,
  (c) => phrase`${c.one("而", "但")}${c.person()}${c.one("没有露面", "并不同意", "常常迟到", "曾经反对")}`,
  (c) => phrase`${c.one("送给", "还给")}${c.person()}一${c.one("本", "册")}${c.work()}`,
  (c) => phrase`${c.one("手里拿着", "桌上放着", "顺便带走了")}${c.product()}`,
  (c) => phrase`${c.one("这是", "那已是")}${c.date()}的事`,
  (c) => phrase`${c.one("直到", "截至")}${c.date()}${c.one("才结束", "仍无消息", "还没有结果")}`,
  (c) => phrase`${c.one("由", "费用由")}${c.company()}${c.one("赞助", "承担")}`,
  (c) => phrase`${c.one("地点在", "会场设在", "距离")}${c.address()}${c.one("附近", "旁边", "对面")}`,
  (c) => phrase`${c.one("接替", "顶替")}${c.person()}的是${c.person()}`,
  (c) => phrase`${c.one("听众里有", "对手是")}${c.organization()}的${c.person()}`,
  (c) => phrase`${c.one("灵感来自", "让人想起")}${c.work()}`,
  (c) => phrase`${c.one("比", "不如")}${c.product()}${c.one("便宜", "好用", "轻巧")}`,
];

/** Clauses without any entity. */
export const plain = [
  (c) => c.one("大家都很高兴", "马上就要放假了", "现场气氛热烈", "谁也没想到会这样", "问题已经解决", "方法其实很简单"),
  (c) => c.one("江水又涨了", "石头上长满青苔", "金色的麦田望不到边", "林子里很安静", "黄昏的风有些凉", "白天比黑夜长"),
  (c) => c.one("王牌还没有打出", "陈旧的设备要更换", "张开双臂跑过来", "周围没有车站", "方向对了就不怕远", "常言道和气生财"),
  (c) => c.one("主任务还剩一半", "教授课程要有耐心", "该市长期缺水", "学院长廊很漂亮", "经理清账目之后再说", "记者证忘了带"),
  (c) => c.one("这家公司很小", "医院里排着长队", "大学生要多读书", "这里的博物馆周一闭馆", "书店老板养了猫", "公司内部有分歧"),
  (c) => phrase`${c.one("一共来了", "只剩下", "需要", "节省了")}${c.count(2, 900)}${c.one("个人", "份材料", "元", "公斤", "页")}`,
  (c) => phrase`${c.one("等了", "持续了", "已经过去")}${c.count(2, 60)}${c.one("天", "分钟", "个月", "年", "个小时")}`,
  (c) => phrase`${c.one("气温升到", "体温", "水温保持在")}${c.count(12, 39)}.${c.count(0, 9)}度`,
  (c) => phrase`${c.one("成绩提高了", "折扣达到", "合格率是", "比例为")}${c.count(3, 99)}%`,
  (c) => phrase`${c.one("请到", "电梯停在", "他们住在")}${c.count(2, 18)}楼`,
  (c) => phrase`${c.one("墙上写着", "横幅上是", "他只回了")}“${c.one("欢迎回家", "安全第一", "请勿停车", "漫长的夏天", "平安是福")}”`,
  (c) => phrase`${c.one("请把", "她把", "先把")}${c.one("PPT", "PDF", "App", "Excel", "Word")}${c.one("发给我", "关掉", "更新一下")}`,
  (c) => phrase`${c.one("WiFi", "USB", "GPS", "VPN")}${c.one("又断了", "信号很弱", "连不上")}`,
  (c) => phrase`${c.one("每周", "每个月", "每年")}${c.one("训练", "检查", "开会")}${c.count(2, 9)}次`,
  (c) => c.one("孩子们在院子里唱歌", "天气预报说有雨", "路上一直堵车", "国内外同行都很关心", "票价不算太贵", "结果还要等通知"),
  (c) => c.one("春天来了花就开", "海边的晚霞很美", "平常心最重要", "文明出行靠大家", "建议多喝水", "志在四方的人不恋家"),
  (c) => c.one("明亮的教室坐满了人", "我从小路走回家", "老人和小孩优先", "高原反应要当心", "东西南北都分不清", "月光照在河面上"),
  (c) => c.one("没有人回答", "风停了雨也停了", "门口停着两辆车", "谁先到谁先坐", "我不太懂机器", "雪下得很大"),
];

/** What somebody says: short clauses without entities. */
export const remarks = [
  "质量还需要提高", "以后会更好", "一切顺利", "没有裁员计划", "项目进展缓慢", "细节暂不公开", "用户不用担心",
  "成本下降了两成", "这只是第一步", "安全最重要", "团队很年轻", "市场还在变化", "先到先得", "不接受退换",
];
