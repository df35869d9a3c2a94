//! The phrase parts and personal names themselves, one table a language.

use super::{Speech, Tongue};

pub(super) const ENGLISH: Speech = Speech {
    openers: &[
        "Spoke with {c}.",
        "Short call with {c}.",
        "{c} wrote back.",
        "Met {c} and two colleagues.",
        "{c} joined {n} minutes late.",
        "Caught {c} between meetings.",
        "Whole team of {n} on the line.",
        "Third try, finally reached {c}.",
        "{c} asked for this one.",
        "Walked through the agenda with {c}.",
    ],
    closers: &[
        "Next step: send a summary.",
        "I follow up in {n} days.",
        "They come back to us after the holidays.",
        "Promised an answer on {f}.",
        "{c} checks with finance.",
        "We meet again next month.",
        "Shared the guide on {f}.",
        "No action on our side.",
        "Put {n} open points into the shared list.",
        "{c} brings their IT lead next time.",
        "To be decided with their board.",
        "Sent two slots for a follow-up.",
    ],
    topics: [
        &[
            "Found us while looking for {f}; compares three vendors.",
            "Asked what {n} seats would cost.",
            "Wants a trial with their own data.",
            "Saw the webinar and likes {f}.",
            "Budget is there from next quarter.",
            "Needs {f} before anything else.",
            "Showed the demo; most questions were about {f}.",
            "Uses spreadsheets today, about {n} of them.",
        ],
        &[
            "Set up {f}; {n} people invited so far.",
            "First import ran, {n} rows were refused and fixed.",
            "Trained {n} users on {f}.",
            "{f} is configured, roles still open.",
            "Kick-off done, goals written down.",
            "Waiting for their firewall change before {f} works.",
            "First report went to their management.",
            "Migration is {n} % through.",
        ],
        &[
            "All well, {f} is used daily.",
            "Went through {f}, small questions only.",
            "Reviewed the goals: {n} of 60 points done.",
            "New colleague starts next week and needs an introduction.",
            "Talked about the roadmap, mainly {f}.",
            "Nothing urgent.",
            "They report {n} hours saved a week.",
            "Looked at last quarter's numbers together.",
            "Asked how others use {f}.",
            "Reorganisation at their end, {c} stays our contact.",
        ],
        &[
            "Only {n} people signed in this month.",
            "They went back to spreadsheets for part of it.",
            "{f} was never switched on in two teams.",
            "The champion is on leave and nobody took over.",
            "Usage is down; {c} blames the new process.",
            "They do not know what {f} is for.",
        ],
        &[
            "Upset about {f}: broke {n} days ago and still open.",
            "Third outage this quarter, {c} has to explain it to the board.",
            "Says support answers but does not solve.",
            "{f} is too slow for their {n} sites.",
            "Wants a credit note for the lost days.",
            "Asks who is responsible for {f} on our side.",
            "Considers looking at alternatives because of {f}.",
        ],
        &[
            "Explained the cause and the fix for {f}; accepted.",
            "Apologised, and agreed on weekly calls until {f} is stable.",
            "Fix for {f} is live, {c} confirms it works.",
            "Gave a credit for {n} days.",
            "The engineer joined and showed the repair.",
        ],
        &[
            "Very happy with {f}.",
            "Offered to be a reference.",
            "{c} presents us at their user meeting.",
            "Calls {f} the best purchase of the year.",
            "Introduced us to a partner company.",
            "Will write a review.",
            "Their auditors praised {f}.",
        ],
        &[
            "Wants {n} more seats for a second team.",
            "Asked for a quote for {f}.",
            "New site opens, {n} people join.",
            "Would move another department over if {f} comes.",
            "Considers the larger plan because of {f}.",
        ],
        &[
            "Renewal discussed; asks for a discount.",
            "They want a two-year term.",
            "Procurement needs {n} days for the papers.",
            "Renewal depends on {f}.",
            "Price is fine, wants fewer seats.",
            "Contract goes to legal this week.",
            "No objections to renewing.",
        ],
        &[
            "Left a voicemail.",
            "No answer since {n} days.",
            "Out of office until next month.",
            "Mail bounced, looking for a new contact.",
            "Reminder sent, second one.",
            "{c} moved our call again.",
        ],
        &[
            "They confirmed that they leave; export delivered.",
            "Exit call: {f} was the main point.",
            "Goes to a competitor that has {f}.",
            "Budget cut, all tools above {n} seats are reviewed.",
            "May come back when {f} is there.",
            "Asked whether we may call again; yes.",
        ],
    ],
    tickets: &[
        "Cannot sign in with {f}",
        "{f} times out after {n} seconds",
        "{f} shows the wrong total",
        "Question about {f}",
        "{f} fails since the update",
        "Wrong amount on invoice {n}",
        "Import stops at row {n}",
        "{n} users see an empty page",
        "How do we switch {f} off?",
        "Duplicate rows in {f}",
        "Please restore {n} deleted records",
        "{f}: permission denied",
    ],
    nps: [
        &[
            "Too slow lately.",
            "{f} never worked for us.",
            "Support takes {n} days.",
            "Expensive for what we use.",
            "Too many outages.",
            "",
        ],
        &[
            "Good, {f} could be better.",
            "Does its job.",
            "Fine so far.",
            "Would like more of {f}.",
            "",
        ],
        &[
            "Saves us {n} hours a week!",
            "{f} is excellent.",
            "Great people.",
            "We recommended you already.",
            "",
        ],
    ],
};

pub(super) const GERMAN: Speech = Speech {
    openers: &[
        "Mit {c} telefoniert.",
        "Kurzes Gespräch mit {c}.",
        "{c} hat geantwortet.",
        "Termin vor Ort, {n} Leute am Tisch.",
        "Rückruf von {c}.",
    ],
    closers: &[
        "Ich melde mich in {n} Tagen.",
        "Zusammenfassung folgt.",
        "{c} klärt das mit dem Einkauf.",
        "Nächster Termin in vier Wochen.",
        "Unterlagen zu {f} geschickt.",
        "Für uns nichts zu tun.",
    ],
    topics: [
        &[
            "Vergleicht drei Anbieter, {f} ist wichtig.",
            "Fragt nach dem Preis für {n} Plätze.",
            "Möchte mit eigenen Daten testen.",
        ],
        &[
            "{f} ist eingerichtet, {n} Leute eingeladen.",
            "Erster Import lief, {n} Zeilen korrigiert.",
            "Schulung für {n} Personen gehalten.",
        ],
        &[
            "Alles läuft, {f} täglich im Einsatz.",
            "Quartalszahlen durchgesehen.",
            "Fragen zu {f} geklärt.",
            "Neue Kollegin ab nächster Woche.",
        ],
        &[
            "Nur {n} Anmeldungen im Monat.",
            "{f} wird kaum benutzt.",
            "Arbeiten wieder mit Tabellen.",
        ],
        &[
            "Ärger über {f}, seit {n} Tagen offen.",
            "Dritter Ausfall im Quartal.",
            "Möchte eine Gutschrift.",
        ],
        &[
            "Ursache bei {f} erklärt, angenommen.",
            "{c} bestätigt: läuft wieder.",
            "Gutschrift über {n} Tage zugesagt.",
        ],
        &[
            "Sehr zufrieden mit {f}.",
            "Bietet sich als Referenz an.",
            "Empfiehlt uns einem Partner.",
        ],
        &[
            "Braucht {n} weitere Plätze.",
            "Angebot für {f} gewünscht.",
            "Zweiter Standort kommt dazu.",
        ],
        &[
            "Verlängerung besprochen, möchte Rabatt.",
            "Vertrag liegt bei der Rechtsabteilung.",
            "Verlängerung hängt an {f}.",
        ],
        &[
            "Niemand erreicht, Nachricht hinterlassen.",
            "Seit {n} Tagen keine Antwort.",
            "Termin wieder verschoben.",
        ],
        &[
            "Kündigung bestätigt, Export übergeben.",
            "Wechselt wegen {f}.",
            "Dürfen uns in einem Jahr wieder melden.",
        ],
    ],
    tickets: &[
        "Anmeldung mit {f} geht nicht",
        "{f} seit dem Update langsam",
        "Rechnung {n} falsch",
        "Frage zu {f}",
        "Import bricht bei Zeile {n} ab",
    ],
    nps: [
        &["Zu langsam.", "{f} fehlt uns.", ""],
        &["Solide.", "{f} könnte besser sein.", ""],
        &["Spart {n} Stunden in der Woche.", "Gern weiter so!", ""],
    ],
};

pub(super) const TURKISH: Speech = Speech {
    openers: &[
        "{c} ile görüşüldü.",
        "{c} geri aradı.",
        "{n} kişiyle toplantı yapıldı.",
        "{c} yazdı.",
        "Yerinde ziyaret, ev sahibi {c}.",
    ],
    closers: &[
        "{n} gün sonra tekrar aranacak.",
        "Özet gönderilecek.",
        "{c} satın almayla konuşacak.",
        "{f} belgesi paylaşıldı.",
        "Bizde iş kalmadı.",
        "Önümüzdeki ay yine buluşuyoruz.",
    ],
    topics: [
        &[
            "{n} kullanıcı için fiyat sordu.",
            "Üç firmayı karşılaştırıyor, {f} önemli.",
            "Kendi verisiyle denemek istiyor.",
        ],
        &[
            "{f} kuruldu, {n} kişi davet edildi.",
            "İlk aktarım bitti, {n} satır düzeltildi.",
            "{n} kişiye eğitim verildi.",
        ],
        &[
            "Her şey yolunda, {f} her gün kullanılıyor.",
            "Çeyrek sonuçlarına birlikte bakıldı.",
            "{f} soruları yanıtlandı.",
            "Memnunlar, küçük istekleri var.",
        ],
        &[
            "Bu ay yalnız {n} kişi girdi.",
            "{f} hiç açılmamış.",
            "İşin bir kısmı yine tabloda yürüyor.",
        ],
        &[
            "{f} {n} gündür bozuk, kızgınlar.",
            "Bu çeyrekte üçüncü kesinti.",
            "Destek geç dönüyor diyor.",
        ],
        &[
            "{f} sorununun nedeni anlatıldı.",
            "{c} çalıştığını doğruladı.",
            "{n} günlük iade sözü verildi.",
        ],
        &[
            "{f} için çok memnun.",
            "Referans olmayı önerdi.",
            "Bizi bir iş ortağına tanıttı.",
        ],
        &[
            "{n} kullanıcı daha istiyor.",
            "{f} için teklif istedi.",
            "İkinci şube de katılacak.",
        ],
        &[
            "Yenileme görüşüldü, indirim bekliyor.",
            "Sözleşme hukukta.",
            "Yenileme {f} konusuna bağlı.",
        ],
        &[
            "Ulaşılamadı, mesaj bırakıldı.",
            "{n} gündür yanıt yok.",
            "Toplantıyı yine erteledi.",
        ],
        &[
            "Ayrılacaklarını bildirdiler, veri teslim edildi.",
            "{f} yüzünden başka firmaya geçiyor.",
            "Bir yıl sonra aramamıza izin verdi.",
        ],
    ],
    tickets: &[
        "{f} ile giriş yapılamıyor",
        "{f} güncellemeden beri yavaş",
        "{n} numaralı fatura yanlış",
        "{f} hakkında soru",
        "Aktarım {n}. satırda duruyor",
    ],
    nps: [
        &["Çok yavaş.", "Desteğe ulaşamıyoruz.", ""],
        &["İdare eder.", "{f} gelişmeli.", ""],
        &["Haftada {n} saat kazandırıyor.", "Eline sağlık!", ""],
    ],
};

pub(super) const RUSSIAN: Speech = Speech {
    openers: &[
        "Созвонились с {c}.",
        "{c} перезвонил(а).",
        "Встреча, {n} участников.",
        "Письмо от {c}.",
    ],
    closers: &[
        "Вернёмся через {n} дней.",
        "Отправлю итоги.",
        "{c} уточнит у финансов.",
        "Прислали инструкцию по {f}.",
        "С нашей стороны задач нет.",
    ],
    topics: [
        &[
            "Спрашивает цену за {n} мест.",
            "Сравнивает трёх поставщиков, важен {f}.",
            "Хочет пробный период на своих данных.",
        ],
        &[
            "{f} настроен, приглашено {n} человек.",
            "Первая загрузка прошла, исправили {n} строк.",
            "Обучили {n} сотрудников.",
        ],
        &[
            "Всё хорошо, {f} в работе каждый день.",
            "Посмотрели итоги квартала.",
            "Ответили на вопросы по {f}.",
            "Довольны, мелкие пожелания.",
        ],
        &[
            "За месяц вошли только {n} человек.",
            "{f} так и не включили.",
            "Часть работы снова в таблицах.",
        ],
        &[
            "Недовольны: {f} не работает {n} дней.",
            "Третий сбой за квартал.",
            "Просит компенсацию.",
        ],
        &[
            "Объяснили причину сбоя {f}.",
            "{c} подтверждает, что работает.",
            "Обещали компенсацию за {n} дней.",
        ],
        &[
            "Очень довольны {f}.",
            "Готовы дать отзыв.",
            "Познакомили нас с партнёром.",
        ],
        &[
            "Нужно ещё {n} мест.",
            "Просит предложение по {f}.",
            "Открывают второй офис.",
        ],
        &[
            "Обсудили продление, просит скидку.",
            "Договор у юристов.",
            "Продление зависит от {f}.",
        ],
        &[
            "Не дозвонились, оставили сообщение.",
            "Нет ответа {n} дней.",
            "Снова перенесли встречу.",
        ],
        &[
            "Подтвердили уход, выгрузку передали.",
            "Уходят из-за {f}.",
            "Разрешили позвонить через год.",
        ],
    ],
    tickets: &[
        "Не входит через {f}",
        "{f} тормозит после обновления",
        "Ошибка в счёте {n}",
        "Вопрос по {f}",
        "Загрузка стоит на строке {n}",
    ],
    nps: [
        &["Слишком медленно.", "Дорого.", ""],
        &["Нормально.", "Не хватает {f}.", ""],
        &["Экономит {n} часов в неделю.", "Спасибо команде!", ""],
    ],
};

pub(super) const PERSIAN: Speech = Speech {
    openers: &[
        "با {c} صحبت شد.",
        "{c} جواب داد.",
        "جلسه با {n} نفر.",
        "تماس کوتاه با {c}.",
    ],
    closers: &[
        "{n} روز دیگر پیگیری می‌کنم.",
        "خلاصه را می‌فرستم.",
        "{c} با واحد مالی هماهنگ می‌کند.",
        "راهنمای {f} فرستاده شد.",
        "کاری از سمت ما نیست.",
    ],
    topics: [
        &[
            "قیمت {n} کاربر را پرسید.",
            "سه شرکت را مقایسه می‌کند؛ {f} مهم است.",
            "می‌خواهد با داده‌ی خودش امتحان کند.",
        ],
        &[
            "{f} راه افتاد و {n} نفر دعوت شدند.",
            "اولین ورود داده انجام شد، {n} ردیف درست شد.",
            "به {n} نفر آموزش داده شد.",
        ],
        &[
            "همه چیز خوب است و هر روز از {f} استفاده می‌کنند.",
            "گزارش فصل را با هم دیدیم.",
            "به پرسش‌های {f} جواب دادیم.",
        ],
        &[
            "این ماه فقط {n} نفر وارد شدند.",
            "از {f} استفاده نمی‌کنند.",
            "بخشی از کار را دوباره در اکسل می‌کنند.",
        ],
        &[
            "از {f} ناراضی‌اند؛ {n} روز است خراب است.",
            "سومین قطعی این فصل.",
            "می‌گوید پشتیبانی دیر جواب می‌دهد.",
        ],
        &[
            "علت مشکل {f} را توضیح دادیم.",
            "{c} تأیید کرد که درست شد.",
            "قول جبران {n} روز داده شد.",
        ],
        &[
            "از {f} خیلی راضی است.",
            "حاضر است ما را معرفی کند.",
            "ما را به یک شریک معرفی کرد.",
        ],
        &[
            "{n} کاربر دیگر می‌خواهد.",
            "برای {f} پیشنهاد قیمت خواست.",
            "شعبه‌ی دوم هم اضافه می‌شود.",
        ],
        &[
            "درباره‌ی تمدید صحبت شد؛ تخفیف می‌خواهد.",
            "قرارداد پیش واحد حقوقی است.",
            "تمدید به {f} بستگی دارد.",
        ],
        &[
            "جواب نداد، پیام گذاشتم.",
            "{n} روز است خبری نیست.",
            "جلسه را دوباره عقب انداخت.",
        ],
        &[
            "رفتنشان قطعی شد؛ خروجی تحویل شد.",
            "به خاطر {f} جای دیگری می‌روند.",
            "اجازه داد سال بعد تماس بگیریم.",
        ],
    ],
    tickets: &[
        "ورود با {f} ممکن نیست",
        "{f} پس از به‌روزرسانی کند است",
        "فاکتور {n} اشتباه است",
        "پرسش درباره‌ی {f}",
        "ورود داده در ردیف {n} می‌ایستد",
    ],
    nps: [
        &["کند است.", "گران است.", ""],
        &["بد نیست.", "{f} باید بهتر شود.", ""],
        &["هفته‌ای {n} ساعت صرفه‌جویی می‌کنیم.", "عالی!", ""],
    ],
};

pub(super) const JAPANESE: Speech = Speech {
    openers: &[
        "{c}様と電話。",
        "{c}様より返信。",
        "{n}名で打ち合わせ。",
        "訪問、{c}様が対応。",
    ],
    closers: &[
        "{n}日後に再度連絡。",
        "議事録を送付予定。",
        "{c}様が経理に確認。",
        "{f}の資料を共有。",
        "当社側の作業なし。",
    ],
    topics: [
        &[
            "{n}席の見積もりを希望。",
            "三社を比較中、{f}を重視。",
            "自社データで試したいとのこと。",
        ],
        &[
            "{f}の設定完了、{n}名を招待。",
            "初回取込が完了、{n}行を修正。",
            "{n}名に研修を実施。",
        ],
        &[
            "順調、{f}を毎日利用。",
            "四半期の数字を一緒に確認。",
            "{f}の質問に回答。",
        ],
        &[
            "今月のログインは{n}名のみ。",
            "{f}が使われていない。",
            "一部の作業が表計算に戻った。",
        ],
        &[
            "{f}が{n}日間直らず不満。",
            "今期三度目の障害。",
            "返金を希望。",
        ],
        &[
            "{f}の原因を説明、納得。",
            "{c}様が復旧を確認。",
            "{n}日分の返金を約束。",
        ],
        &[
            "{f}に大変満足。",
            "事例掲載に協力いただける。",
            "取引先をご紹介いただいた。",
        ],
        &[
            "{n}席の追加を希望。",
            "{f}の見積もり依頼。",
            "第二拠点でも導入予定。",
        ],
        &[
            "更新の件、値引きの相談あり。",
            "契約書は法務で確認中。",
            "更新は{f}次第。",
        ],
        &[
            "不在、伝言を残す。",
            "{n}日間返信なし。",
            "打ち合わせ再度延期。",
        ],
        &[
            "解約確定、データを引き渡し。",
            "{f}が理由で他社へ。",
            "一年後の連絡は可とのこと。",
        ],
    ],
    tickets: &[
        "{f}でログインできない",
        "更新後{f}が遅い",
        "請求書{n}の金額が違う",
        "{f}について質問",
        "取込が{n}行目で止まる",
    ],
    nps: [
        &["遅い。", "高い。", ""],
        &["普通。", "{f}の改善を希望。", ""],
        &["週に{n}時間の節約。", "満足しています。", ""],
    ],
};

type People = (
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
);

/// First names, family names, and what stands between them.
pub(super) fn people(tongue: Tongue) -> People {
    match tongue {
        Tongue::English => (
            &[
                "Ada", "Owen", "Priya", "Liam", "Grace", "Noah", "Zoë", "Miles", "Imogen", "Caleb",
                "Renée", "Hugh", "Maya", "Siobhán",
            ],
            &[
                "Whitfield",
                "Okafor",
                "Barnes",
                "Castillo",
                "Hale",
                "McKenna",
                "Osei",
                "Pryce",
                "Langford",
                "Nguyen",
                "Sharp",
                "D’Souza",
            ],
            " ",
        ),
        Tongue::German => (
            &[
                "Jörg",
                "Anneliese",
                "Łucja",
                "Björn",
                "Hélène",
                "Íñigo",
                "Zdeněk",
                "Frøydis",
                "Käthe",
                "Søren",
                "Élodie",
                "Matěj",
            ],
            &[
                "Schäfer",
                "Nowakówna",
                "Lindström",
                "Křížová",
                "Böhm",
                "Peñalver",
                "Groß",
                "Ångström",
                "Lefèvre",
                "Østergaard",
            ],
            " ",
        ),
        Tongue::Turkish => (
            &[
                "Ilgın", "Çağla", "Oğuz", "Şule", "İpek", "Ümit", "Gökçe", "Işıl", "Barış", "Özge",
            ],
            &[
                "Yılmaz",
                "Şimşek",
                "Çakır",
                "Işık",
                "Öğüt",
                "Aydın",
                "Gündoğdu",
                "Kılıç",
            ],
            " ",
        ),
        Tongue::Russian => (
            &[
                "Анна",
                "Пётр",
                "Ольга",
                "Игорь",
                "Светлана",
                "Юрий",
                "Жанна",
                "Фёдор",
            ],
            &[
                "Соловьёва",
                "Дьяченко",
                "Ким",
                "Орлова",
                "Черных",
                "Щербак",
                "Живаго",
            ],
            " ",
        ),
        Tongue::Greek => (
            &["Ελένη", "Νίκος", "Σοφία", "Γιώργος", "Ιωάννα"],
            &["Δημητρίου", "Νικολάου", "Αγγελή", "Μαυρίδη", "Οικονόμου"],
            " ",
        ),
        Tongue::Arabic => (
            &["ليلى", "يوسف", "مريم", "خالد", "هدى", "سامي"],
            &["الحسن", "منصور", "العطار", "الخطيب", "نجار", "حدّاد"],
            " ",
        ),
        Tongue::Persian => (
            &["شیرین", "کاوه", "نگار", "آرش", "مهسا", "پرویز"],
            &["رستمی", "یزدانی", "کریمی", "نیک‌پور", "افشار", "گیلانی"],
            " ",
        ),
        Tongue::Hebrew => (
            &["נועה", "איתן", "תמר", "יונתן", "שירה"],
            &["לוי", "מזרחי", "פרץ", "ברק", "אברהמי"],
            " ",
        ),
        Tongue::Chinese => (
            &["丽华", "志强", "晓明", "雨桐", "建国", "思远"],
            &["王", "李", "欧阳", "陈", "赵", "林"],
            "",
        ),
        Tongue::Japanese => (
            &["陽子", "健太", "さくら", "大輔", "美咲", "翔"],
            &["高橋", "斎藤", "渡辺", "中村", "山本", "小林"],
            " ",
        ),
        Tongue::Korean => (
            &["지우", "민준", "서연", "하은", "도윤"],
            &["김", "이", "박", "최", "정"],
            "",
        ),
        Tongue::Hindi => (
            &["अनिता", "राहुल", "प्रिया", "संजय", "मीरा"],
            &["शर्मा", "पटेल", "गुप्ता", "श्रेष्ठ", "वर्मा"],
            " ",
        ),
        Tongue::Thai => (
            &["สมชาย", "กัญญา", "ณัฐ", "พิมพ์", "อารีย์"],
            &["ศรีสุข", "ใจดี", "วงศ์ทอง", "แก้วมณี"],
            " ",
        ),
    }
}
