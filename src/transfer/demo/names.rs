//! Names of customers in many scripts, composed so that no two are equal however many are asked for.

use std::fmt::Write;

use super::speech::Tongue;

/// How names are made in one language: a pattern holds the legal form, `{l}` a founder or place, `{t}` a trade.
pub struct Style {
    /// Whose texts and personal names go with it.
    pub tongue: Tongue,
    /// Where such customers are: names of countries.
    pub countries: &'static [&'static str],
    /// How many of 40 customers have it.
    weight: usize,
    leads: &'static [&'static str],
    trades: &'static [&'static str],
    patterns: &'static [&'static str],
    places: &'static [&'static str],
}

/// Every style. The weights add up to [`ROUND`].
pub const STYLES: &[Style] = &[
    Style {
        tongue: Tongue::English,
        countries: &[
            "United States",
            "United Kingdom",
            "Canada",
            "Australia",
            "Ireland",
        ],
        weight: 10,
        leads: &[
            "Harbour",
            "Ashdown",
            "Bluefield",
            "Corbett",
            "Dunmore",
            "Eastgate",
            "Fairlight",
            "Greenwell",
            "Hollis",
            "Ironbridge",
            "Juniper",
            "Kestrel",
            "Langley",
            "Meridian",
            "Northwind",
            "Oakhurst",
            "Pembroke",
            "Quarry Lane",
            "Redfern",
            "Sandpiper",
            "Thornbury",
            "Westmark",
            "Yarrow",
            "O’Brien",
        ],
        trades: &[
            "Air",
            "Foods",
            "Logistics",
            "Media",
            "Textiles",
            "Robotics",
            "Health",
            "Energy",
            "Outfitters",
            "Analytics",
            "Marine",
            "Homes",
            "Learning",
            "Instruments",
        ],
        patterns: &[
            "{l} {t}",
            "{l} {t} Inc.",
            "{l} {t} Ltd",
            "{l} & Sons {t}",
            "{l} {t} Group",
            "The {l} {t} Company",
        ],
        places: &[
            "Leeds", "Boston", "Perth", "Galway", "Denver", "Halifax", "Austin", "Bristol",
            "Dundee", "Portland", "Cork", "Tampa", "Hobart", "Ottawa", "Reno", "Exeter", "Tulsa",
            "Derby", "Albany", "Swansea",
        ],
    },
    Style {
        tongue: Tongue::German,
        countries: &[
            "Germany", "Austria", "Sweden", "France", "Spain", "Poland", "Czechia",
        ],
        weight: 8,
        leads: &[
            "Müller",
            "Größmann",
            "Löwenthal",
            "Åkerlund",
            "Sørensen",
            "Žižka",
            "Dvořák",
            "Łukasiewicz",
            "Świątek",
            "François",
            "Béranger",
            "Núñez",
            "Ibáñez",
            "Köhler",
            "Süßkind",
            "Jørgensen",
            "Håkansson",
            "Çelebi",
            "Weiß",
            "Brændstrup",
        ],
        trades: &[
            "Werkzeuge",
            "Möbel",
            "Optik",
            "Brauerei",
            "Maschinenbau",
            "Papier",
            "Kältetechnik",
            "Verlag",
            "Käserei",
            "Fahrräder",
            "Energía",
            "Électronique",
        ],
        patterns: &[
            "{l} {t} GmbH",
            "{l} & Söhne {t}",
            "{l} {t} AG",
            "{t} {l} KG",
        ],
        places: &[
            "Köln",
            "München",
            "Zürich",
            "Graz",
            "Malmö",
            "Kraków",
            "Brno",
            "Besançon",
            "Logroño",
            "Århus",
            "Lübeck",
            "Göteborg",
        ],
    },
    Style {
        tongue: Tongue::Turkish,
        countries: &["Türkiye"],
        weight: 5,
        leads: &[
            "Işıklar",
            "Yıldırım",
            "Güneş",
            "Çağlayan",
            "Şahinoğlu",
            "Öztürk",
            "İncesu",
            "Ağaoğlu",
            "Büyükçekmece",
            "Karadeniz",
            "Dağlıca",
            "Ilgaz",
            "Üçyıldız",
            "Köşk",
            "Gümüş",
            "Çınar",
        ],
        trades: &[
            "Tekstil",
            "Gıda",
            "Lojistik",
            "Yazılım",
            "İnşaat",
            "Turizm",
            "Sağlık",
            "Enerji",
            "Mobilya",
            "Eğitim",
            "Kâğıt",
        ],
        patterns: &[
            "{l} {t} A.Ş.",
            "{l} {t} Ltd. Şti.",
            "{l} Kardeşler {t}",
            "{l} {t}",
        ],
        places: &[
            "İzmir",
            "Diyarbakır",
            "Muğla",
            "Eskişehir",
            "Kırıkkale",
            "Çanakkale",
            "Ağrı",
            "Iğdır",
            "Gaziantep",
            "Beşiktaş",
        ],
    },
    Style {
        tongue: Tongue::Russian,
        countries: &["Kazakhstan", "Bulgaria", "Ukraine", "Serbia"],
        weight: 3,
        leads: &[
            "Берёзка",
            "Северный",
            "Заря",
            "Гранит",
            "Орион",
            "Ладога",
            "Вершина",
            "Кедр",
            "Юпитер",
            "Щедрин",
            "Ёлкино",
            "Маяк",
            "Восход",
            "Ђорђевић",
        ],
        trades: &[
            "Транс",
            "Софт",
            "Мебель",
            "Строй",
            "Энерго",
            "Хлеб",
            "Медиа",
            "Оптика",
            "Медикал",
            "Текстиль",
        ],
        patterns: &["ООО «{l} {t}»", "АО «{l} {t}»", "{l}-{t}", "ТД «{l} {t}»"],
        places: &[
            "Алматы",
            "Варна",
            "Одесса",
            "Астана",
            "Нови Сад",
            "Пловдив",
            "Львів",
            "Київ",
            "Караганда",
            "Ниш",
        ],
    },
    Style {
        tongue: Tongue::Greek,
        countries: &["Greece", "Cyprus"],
        weight: 1,
        leads: &[
            "Αιγαίο",
            "Παπαδόπουλος",
            "Όλυμπος",
            "Θαλασσινός",
            "Ήλιος",
            "Καραγιάννης",
            "Ρόδον",
            "Άνεμος",
            "Δελφίνι",
            "Ιωνία",
            "Ψηλορείτης",
        ],
        trades: &[
            "Τρόφιμα",
            "Ναυτιλία",
            "Ενέργεια",
            "Λογισμικό",
            "Ξενοδοχεία",
            "Έπιπλα",
            "Εκδόσεις",
            "Φάρμακα",
        ],
        patterns: &["{l} {t} Α.Ε.", "{t} {l}", "Αφοί {l} {t} Ο.Ε."],
        places: &[
            "Πάτρα",
            "Ηράκλειο",
            "Βόλος",
            "Λεμεσός",
            "Χανιά",
            "Καβάλα",
            "Ιωάννινα",
            "Ρόδος",
        ],
    },
    Style {
        tongue: Tongue::Arabic,
        countries: &["United Arab Emirates", "Egypt", "Morocco", "Jordan"],
        weight: 2,
        leads: &[
            "النور",
            "الفرات",
            "الأندلس",
            "القدس",
            "الواحة",
            "الهلال",
            "النخيل",
            "الشروق",
            "الخليج",
            "الياسمين",
            "المدينة",
            "الأرز",
        ],
        trades: &[
            "للتجارة",
            "للأغذية",
            "للبرمجيات",
            "للطاقة",
            "للمقاولات",
            "للنشر",
            "للأدوية",
            "للنقل",
            "للسياحة",
            "للتعليم",
        ],
        patterns: &["شركة {l} {t}", "مؤسسة {l} {t}", "مجموعة {l} {t}"],
        places: &[
            "دبي",
            "عمّان",
            "القاهرة",
            "الرباط",
            "مسقط",
            "الدوحة",
            "فاس",
            "الإسكندرية",
        ],
    },
    Style {
        tongue: Tongue::Persian,
        countries: &["Germany", "Türkiye", "Canada", "United Arab Emirates"],
        weight: 2,
        leads: &[
            "آریا",
            "پارس",
            "سپهر",
            "نیک‌اندیش",
            "کیمیا",
            "البرز",
            "گلستان",
            "ژرفا",
            "چشمه",
            "مهرگان",
            "می‌نو",
            "یکتا",
        ],
        trades: &[
            "نرم‌افزار",
            "تجارت",
            "صنایع غذایی",
            "پخش",
            "چاپ",
            "گردشگری",
            "آموزش",
            "انرژی",
            "دارو",
            "پوشاک",
        ],
        patterns: &["شرکت {t} {l}", "{l} {t}", "گروه {t} {l}", "هلدینگ {l} {t}"],
        places: &[
            "تهران",
            "شیراز",
            "اصفهان",
            "تبریز",
            "مشهد",
            "یزد",
            "کرمان",
            "رشت",
        ],
    },
    Style {
        tongue: Tongue::Hebrew,
        countries: &["Israel"],
        weight: 1,
        leads: &[
            "אורן",
            "גלבוע",
            "כרמל",
            "נחל",
            "תבור",
            "שקמה",
            "ארז",
            "יהלום",
            "רותם",
            "דקל",
            "הדר",
        ],
        trades: &[
            "מזון",
            "תוכנה",
            "הנדסה",
            "תיירות",
            "אנרגיה",
            "ספרים",
            "רפואה",
            "טקסטיל",
        ],
        patterns: &["{l} {t} בע״מ", "{t} {l}", "קבוצת {l} {t}"],
        places: &[
            "חיפה",
            "ירושלים",
            "נתניה",
            "אילת",
            "רחובות",
            "עכו",
            "צפת",
            "יפו",
        ],
    },
    Style {
        tongue: Tongue::Chinese,
        countries: &["China", "Taiwan", "Singapore"],
        weight: 2,
        leads: &[
            "东方", "长城", "星海", "华南", "锦绣", "鸿运", "蓝天", "明月", "泰山", "龙腾", "天河",
            "瑞丰",
        ],
        trades: &[
            "科技", "食品", "物流", "传媒", "纺织", "能源", "教育", "医药", "光电", "机械",
        ],
        patterns: &["{l}{t}有限公司", "{l}{t}集团", "{l}{t}股份有限公司"],
        places: &[
            "上海", "成都", "深圳", "台北", "杭州", "西安", "南京", "厦门",
        ],
    },
    Style {
        tongue: Tongue::Japanese,
        countries: &["Japan"],
        weight: 2,
        leads: &[
            "桜",
            "富士見",
            "青山",
            "みなと",
            "ひかり",
            "竹中橋",
            "瀬戸内",
            "北斗",
            "あさひ野",
            "月島",
            "ミナミ",
            "雪国",
        ],
        trades: &[
            "製作所",
            "食品",
            "システムズ",
            "物流",
            "出版",
            "ホテル",
            "電機",
            "化学",
            "繊維",
            "クリニック",
        ],
        patterns: &[
            "株式会社{l}{t}",
            "{l}{t}株式会社",
            "{l}{t}",
            "合同会社{l}{t}",
        ],
        places: &[
            "大阪", "札幌", "福岡", "金沢", "横浜", "仙台", "神戸", "長崎",
        ],
    },
    Style {
        tongue: Tongue::Korean,
        countries: &["South Korea"],
        weight: 1,
        leads: &[
            "한빛",
            "새벽",
            "푸른",
            "대양",
            "금강",
            "은하",
            "동해",
            "무지개",
            "소나무",
            "가온",
        ],
        trades: &[
            "전자",
            "식품",
            "물류",
            "소프트",
            "건설",
            "미디어",
            "화학",
            "의료",
        ],
        patterns: &["(주){l}{t}", "{l}{t} 주식회사", "{l} {t}"],
        places: &[
            "부산", "대구", "인천", "광주", "제주", "수원", "전주", "강릉",
        ],
    },
    Style {
        tongue: Tongue::Hindi,
        countries: &["India", "Nepal"],
        weight: 1,
        leads: &[
            "हिमालय",
            "गंगा",
            "सूर्योदय",
            "श्रीकृष्ण",
            "मयूर",
            "त्रिवेणी",
            "अशोक",
            "चंद्रिका",
            "विक्रम",
            "नवज्योति",
        ],
        trades: &[
            "टेक्सटाइल्स",
            "सॉफ्टवेयर",
            "फूड्स",
            "ट्रेडर्स",
            "ऊर्जा",
            "प्रकाशन",
            "औषधि",
            "निर्माण",
        ],
        patterns: &["{l} {t} प्रा. लि.", "{l} {t}", "{l} एंड संस {t}"],
        places: &[
            "पुणे",
            "जयपुर",
            "काठमांडू",
            "इंदौर",
            "लखनऊ",
            "नागपुर",
            "पटना",
            "भोपाल",
        ],
    },
    Style {
        tongue: Tongue::Thai,
        countries: &["Thailand"],
        weight: 1,
        leads: &[
            "สยาม",
            "เจ้าพระยา",
            "รุ่งเรือง",
            "ทองคำ",
            "อันดามัน",
            "ช้างเผือก",
            "ดอกบัว",
            "ไทยสมุทร",
            "ภูผา",
            "น้ำใส",
        ],
        trades: &[
            "การค้า",
            "อาหาร",
            "ขนส่ง",
            "ซอฟต์แวร์",
            "พลังงาน",
            "สิ่งทอ",
            "โรงแรม",
            "การพิมพ์",
        ],
        patterns: &["บริษัท {l}{t} จำกัด", "{l}{t}", "หจก. {l}{t}"],
        places: &[
            "เชียงใหม่",
            "ภูเก็ต",
            "ขอนแก่น",
            "พัทยา",
            "อยุธยา",
            "ระยอง",
            "หาดใหญ่",
            "นครปฐม",
        ],
    },
    Style {
        tongue: Tongue::English,
        countries: &["Netherlands", "Estonia", "Portugal", "Brazil"],
        weight: 1,
        leads: &[
            "Rocket",
            "Pickle",
            "Lighthouse",
            "Panda",
            "Café Ñandú",
            "Cactus",
            "Zwölf",
            "Kiwi",
            "Origami",
            "Volcán",
        ],
        trades: &[
            "🚀 Labs",
            "🌱 Farms",
            "🎧 Studio",
            "🧪 Works",
            "🏔 Outdoors",
            "🍜 Kitchens",
            "👩‍🔬 Research",
            "🇪🇺 Travel",
        ],
        patterns: &["{l} {t}", "{l} {t} BV", "{l} {t} OÜ"],
        places: &[
            "Tallinn",
            "Porto",
            "Utrecht",
            "São Paulo",
            "Tartu",
            "Évora",
            "Den Haag",
            "Natal",
        ],
    },
];

/// How many customers make one round of all styles.
const ROUND: usize = 40;

/// A step that shares no factor with the sizes of the tables (a test proves it), so that it visits every name once.
const STEP: u64 = 1_000_003;

/// Names under one seed.
pub struct Names {
    seed: u64,
    /// Style and rank within the style's places of a round, for each place of a round.
    round: [(usize, usize); ROUND],
}

impl Names {
    /// Names under `seed`.
    pub fn new(seed: u64) -> Names {
        let mut round = [(0, 0); ROUND];
        let places = STYLES
            .iter()
            .enumerate()
            .flat_map(|(style, s)| (0..s.weight).map(move |rank| (style, rank)));
        for (place, row) in places.enumerate() {
            // 11 shares no factor with 40: the styles take turns instead of standing together.
            round[place * 11 % ROUND] = row;
        }
        Names { seed, round }
    }

    /// The style of the customer at `index`.
    pub fn style(&self, index: usize) -> &'static Style {
        &STYLES[self.round[index % ROUND].0]
    }

    /// Writes the name of the customer at `index`.
    pub fn write(&self, index: usize, out: &mut String) {
        let style = self.style(index);
        let rank = self.round[index % ROUND].1;
        let nth = (index / ROUND * style.weight + rank) as u64;
        let base = style.base();
        let placed = base * style.places.len() as u64;
        if nth < base {
            return style.compose(self.shuffled(nth, base), out);
        }
        // More customers than names: the place tells them apart, and after that a number.
        let (round, rest) = ((nth - base) / placed, (nth - base) % placed);
        let at = self.shuffled(rest, placed);
        style.compose(at / style.places.len() as u64, out);
        let place = style.places[(at % style.places.len() as u64) as usize];
        match round {
            0 => write!(out, " ({place})"),
            n => write!(out, " ({place} {})", n + 1),
        }
        .expect("writing to a string does not fail");
    }

    fn shuffled(&self, n: u64, size: u64) -> u64 {
        (n % size * (STEP % size) + self.seed % size) % size
    }
}

impl Style {
    /// How many names there are without a place.
    fn base(&self) -> u64 {
        (self.leads.len() * self.trades.len() * self.patterns.len()) as u64
    }

    fn compose(&self, at: u64, out: &mut String) {
        let at = at as usize;
        let lead = self.leads[at % self.leads.len()];
        let at = at / self.leads.len();
        let (trade, pattern) = (
            self.trades[at % self.trades.len()],
            self.patterns[at / self.trades.len() % self.patterns.len()],
        );
        let mut rest = pattern;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            out.push_str(if rest[open..].starts_with("{l}") {
                lead
            } else {
                trade
            });
            rest = &rest[open + 3..];
        }
        out.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_weights_fill_a_round_and_the_step_visits_every_name() {
        assert_eq!(STYLES.iter().map(|s| s.weight).sum::<usize>(), ROUND);
        let gcd = |mut a: u64, mut b: u64| {
            while b > 0 {
                (a, b) = (b, a % b);
            }
            a
        };
        for style in STYLES {
            assert_eq!(
                gcd(STEP, style.base() * style.places.len() as u64),
                1,
                "{:?}",
                style.leads[0]
            );
        }
    }

    #[test]
    fn no_two_names_are_equal() {
        let names = Names::new(7);
        let mut seen = HashSet::new();
        let mut name = String::new();
        for index in 0..200_000 {
            name.clear();
            names.write(index, &mut name);
            assert!(seen.insert(name.clone()), "{name} twice");
        }
    }
}
