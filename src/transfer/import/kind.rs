//! The kinds of file an import knows: their columns, the names they go by, and how a file is recognised.

use serde::Serialize;

use crate::domain::profile::Profile;

/// What the rows of a file are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Customers, with or without keys.
    Customers,
    /// People at customers.
    Contacts,
    /// Moves between stages.
    StageChanges,
    /// Versions of subscriptions.
    SubscriptionVersions,
    /// Orders.
    Orders,
    /// Invoices.
    Invoices,
    /// Weekly usage.
    Usage,
    /// Answers to the NPS question.
    NpsResponses,
    /// Calls, mails, meetings.
    Touchpoints,
    /// Help-desk tickets.
    Tickets,
    /// Departures.
    Churn,
    /// Invitations to surveys.
    Invitations,
    /// Satisfaction, 1 to 5.
    CsatResponses,
    /// Effort, 1 to 7.
    CesResponses,
    /// Answers to questions of surveys.
    SurveyAnswers,
    /// Meetings of a calendar, mails of a mailbox; only these formats have it.
    Correspondence,
}

/// A column that a kind knows.
#[derive(Debug)]
pub(super) struct Column {
    /// The field, as the report shows it.
    pub code: &'static str,
    /// Without it the file is not of this kind.
    pub required: bool,
    /// Headers it goes by, folded (lower case, `_` between words); the better one first.
    pub names: &'static [&'static str],
}

const fn must(code: &'static str, names: &'static [&'static str]) -> Column {
    Column {
        code,
        required: true,
        names,
    }
}

const fn may(code: &'static str, names: &'static [&'static str]) -> Column {
    Column {
        code,
        required: false,
        names,
    }
}

/// How files name the customer that a row belongs to.
const CUSTOMER: Column = must(
    "customer",
    &[
        "customer_id",
        "account_id",
        "client_id",
        "company_id",
        "customer_key",
        "customer",
        "account",
        "client",
        "company",
        "customer_name",
        "account_name",
        "company_name",
        "musteri_id",
        "musteri_no",
        "musteri",
        "firma",
        "kunde",
        "kundennummer",
        "клиент",
        "компания",
        "مشتری",
        "شرکت",
        "العمیل",
    ],
);

/// The name of the customer where another column has its key.
const CUSTOMER_NAME: Column = may("customer_name", &[]);

/// An e-mail address that says whose row it is.
const CUSTOMER_EMAIL: Column = may(
    "customer_email",
    &[
        "customer_email",
        "requester_email",
        "contact_email",
        "user_email",
        "person_email",
        "respondent_email",
    ],
);

/// When the other side last changed the row.
const UPDATED: Column = may(
    "updated",
    &[
        "updated_at",
        "updated_on",
        "last_modified_date",
        "last_modified",
        "last_updated",
        "modified_at",
        "modified_on",
    ],
);

const CUSTOMERS: &[Column] = &[
    may(
        "key",
        &[
            "customer_id",
            "account_id",
            "client_id",
            "company_id",
            "external_id",
            "customer_key",
            "crm_id",
            "id",
            "key",
            "customer_no",
            "musteri_id",
            "musteri_no",
            "kundennummer",
            "kunden_id",
            "код",
        ],
    ),
    must(
        "name",
        &[
            "name",
            "customer_name",
            "account_name",
            "company_name",
            "client_name",
            "company",
            "customer",
            "account",
            "client",
            "ad",
            "unvan",
            "firma",
            "firma_adi",
            "musteri",
            "musteri_adi",
            "firmenname",
            "kunde",
            "имя",
            "название",
            "компания",
            "клиент",
            "نام",
            "نام_شرکت",
            "شرکت",
            "مشتری",
            "الاسم",
            "الشرکه",
        ],
    ),
    may(
        "owner",
        &[
            "owner",
            "csm",
            "customer_success_manager",
            "account_manager",
            "account_owner",
            "owner_name",
            "responsible",
            "manager",
            "sorumlu",
            "temsilci",
            "betreuer",
            "verantwortlich",
            "ответственныи",
            "менеджер",
            "مسئول",
            "کارشناس",
        ],
    ),
    may(
        "website",
        &[
            "website",
            "web_site",
            "web",
            "url",
            "site",
            "homepage",
            "domain",
            "web_sitesi",
            "webseite",
            "саит",
            "وبسایت",
        ],
    ),
    may(
        "email",
        &[
            "email",
            "e_mail",
            "email_address",
            "mail",
            "e_posta",
            "eposta",
            "почта",
            "ایمیل",
        ],
    ),
    may(
        "phone",
        &[
            "phone",
            "telephone",
            "phone_number",
            "tel",
            "mobile",
            "telefon",
            "телефон",
            "تلفن",
        ],
    ),
    may(
        "created",
        &[
            "created_on",
            "created_at",
            "created",
            "customer_since",
            "since",
            "signed_on",
            "start_date",
            "joined_on",
            "baslangic",
            "baslangic_tarihi",
            "kunde_seit",
            "создан",
            "дата_создания",
            "تاریخ_شروع",
        ],
    ),
    may(
        "tags",
        &["tags", "labels", "tag", "etiketler", "метки", "برچسب"],
    ),
    may(
        "stage",
        &[
            "stage",
            "lifecycle_stage",
            "lifecycle",
            "phase",
            "asama",
            "этап",
            "مرحله",
        ],
    ),
    may("arr", &["arr", "annual_recurring_revenue", "acv"]),
    may("mrr", &["mrr", "monthly_recurring_revenue"]),
    may(
        "currency",
        &[
            "currency",
            "currency_code",
            "para_birimi",
            "wahrung",
            "валюта",
            "ارز",
        ],
    ),
    may("first_name", &[]),
    may("last_name", &[]),
    UPDATED,
];

const CONTACTS: &[Column] = &[
    may(
        "key",
        &["contact_id", "person_id", "external_id", "id", "key"],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    must(
        "name",
        &[
            "full_name",
            "contact_name",
            "name",
            "contact",
            "person",
            "ad_soyad",
            "ansprechpartner",
            "фио",
            "контакт",
            "نام",
        ],
    ),
    may(
        "first_name",
        &["first_name", "given_name", "vorname", "имя"],
    ),
    may(
        "last_name",
        &[
            "last_name",
            "surname",
            "family_name",
            "soyad",
            "nachname",
            "фамилия",
            "نام_خانوادگی",
        ],
    ),
    may("role", &["role", "contact_role", "function"]),
    may(
        "email",
        &[
            "email",
            "e_mail",
            "email_address",
            "mail",
            "e_posta",
            "eposta",
            "почта",
            "ایمیل",
        ],
    ),
    may(
        "phone",
        &[
            "phone",
            "telephone",
            "phone_number",
            "tel",
            "mobile",
            "telefon",
            "телефон",
            "تلفن",
        ],
    ),
    may(
        "primary",
        &[
            "primary",
            "is_primary",
            "main",
            "main_contact",
            "primary_contact",
        ],
    ),
    UPDATED,
];

const STAGE_CHANGES: &[Column] = &[
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    must(
        "on",
        &[
            "changed_on",
            "changed_at",
            "moved_on",
            "moved_at",
            "entered_on",
            "date",
            "on",
            "at",
        ],
    ),
    may("seq", &["seq", "sequence", "step", "no"]),
    may(
        "from",
        &["from_stage", "old_stage", "previous_stage", "from"],
    ),
    must("to", &["to_stage", "new_stage", "to", "stage"]),
    may("text", &["reason", "comment", "note", "text"]),
];

const SUBSCRIPTION_VERSIONS: &[Column] = &[
    may("key", &["version_id", "external_id", "id", "key"]),
    may(
        "subscription",
        &["subscription_id", "subscription", "contract_id", "contract"],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    must(
        "start",
        &[
            "start_date",
            "starts_on",
            "started_on",
            "valid_from",
            "start",
            "from",
        ],
    ),
    may(
        "end",
        &[
            "end_date",
            "ends_on",
            "ended_on",
            "valid_to",
            "valid_until",
            "end",
            "until",
            "to",
        ],
    ),
    must("amount", &["amount", "unit_price", "price", "unit_amount"]),
    may("currency", &["currency", "currency_code"]),
    may(
        "interval",
        &[
            "interval",
            "billing_interval",
            "billing_period",
            "period",
            "billing",
        ],
    ),
    may("count", &["interval_count", "every"]),
    may(
        "quantity",
        &["quantity", "seats", "units", "qty", "licences", "licenses"],
    ),
    may(
        "discount",
        &["discount_pct", "discount_percent", "discount"],
    ),
    may("status", &["status", "state"]),
];

const ORDERS: &[Column] = &[
    must(
        "key",
        &[
            "order_id",
            "order_no",
            "order_number",
            "order",
            "external_id",
            "id",
            "key",
        ],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    must(
        "on",
        &[
            "ordered_on",
            "ordered_at",
            "order_date",
            "created_on",
            "created_at",
            "date",
            "on",
        ],
    ),
    may("currency", &["currency", "currency_code"]),
    must("amount", &["amount", "total", "paid", "price", "value"]),
    may("discount", &["discount", "discount_amount"]),
    may("status", &["status", "state"]),
];

const INVOICES: &[Column] = &[
    must(
        "key",
        &[
            "invoice_id",
            "invoice_no",
            "invoice_number",
            "invoice",
            "external_id",
            "id",
            "key",
        ],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    may("subscription", &["subscription_id", "subscription"]),
    must(
        "on",
        &["issued_on", "issued_at", "invoice_date", "date", "on"],
    ),
    may("due", &["due_on", "due_date", "due"]),
    may("paid", &["paid_on", "paid_at", "paid_date", "paid"]),
    may("currency", &["currency", "currency_code"]),
    must("amount", &["amount", "total", "value"]),
    may("status", &["status", "state"]),
];

const USAGE: &[Column] = &[
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    must(
        "on",
        &["period_start", "week_start", "week", "period", "date", "on"],
    ),
    may("active", &["active_days", "days_active", "active"]),
    may("sessions", &["sessions", "logins", "visits"]),
    must("actions", &["key_actions", "actions", "events", "value"]),
    may("seats", &["seats_used", "active_users", "users", "seats"]),
];

const NPS_RESPONSES: &[Column] = &[
    may(
        "key",
        &["response_id", "survey_id", "external_id", "id", "key"],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    may("contact", &["contact_id", "contact", "person_id"]),
    ANSWERED,
    must("score", &["score", "nps_score", "nps", "rating"]),
    may("text", &["comment", "feedback", "text", "note", "reason"]),
    WAVE,
];

/// The round of asking to which an invitation or an answer belongs.
const WAVE: Column = may("wave", &["wave", "campaign", "round", "survey_wave"]);

/// When something was answered.
const ANSWERED: Column = must(
    "at",
    &[
        "responded_at",
        "responded_on",
        "answered_at",
        "answered_on",
        "submitted_at",
        "created_at",
        "date",
        "at",
        "on",
    ],
);

const INVITATIONS: &[Column] = &[
    may(
        "key",
        &["invitation_id", "invite_id", "external_id", "id", "key"],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    may("contact", &["contact_id", "contact", "person_id"]),
    must(
        "at",
        &[
            "invited_at",
            "invited_on",
            "delivered_at",
            "delivered_on",
            "sent_at",
            "sent_on",
        ],
    ),
    may("about", &["asks", "survey", "survey_type", "type"]),
    WAVE,
    may("status", &["status", "state", "delivery"]),
];

const CSAT_RESPONSES: &[Column] = &[
    may(
        "key",
        &["response_id", "survey_id", "external_id", "id", "key"],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    may("contact", &["contact_id", "contact", "person_id"]),
    ANSWERED,
    must(
        "score",
        &["csat_score", "csat", "satisfaction_score", "satisfaction"],
    ),
    may("text", &["comment", "feedback", "text", "note", "reason"]),
    WAVE,
];

const CES_RESPONSES: &[Column] = &[
    may(
        "key",
        &["response_id", "survey_id", "external_id", "id", "key"],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    may("contact", &["contact_id", "contact", "person_id"]),
    ANSWERED,
    must("score", &["ces_score", "ces", "effort_score", "effort"]),
    may("text", &["comment", "feedback", "text", "note", "reason"]),
    WAVE,
];

const SURVEY_ANSWERS: &[Column] = &[
    may(
        "key",
        &["answer_id", "response_id", "external_id", "id", "key"],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    may("contact", &["contact_id", "contact", "person_id"]),
    ANSWERED,
    must("about", &["question", "question_id", "question_code"]),
    must("text", &["answer", "answer_text", "response"]),
    WAVE,
];

const TOUCHPOINTS: &[Column] = &[
    may(
        "key",
        &[
            "touchpoint_id",
            "touch_id",
            "activity_id",
            "interaction_id",
            "external_id",
            "id",
            "key",
        ],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    may("contact", &["contact_id", "contact", "person_id"]),
    must(
        "at",
        &[
            "happened_at",
            "happened_on",
            "occurred_at",
            "activity_date",
            "logged_at",
            "created_at",
            "date",
            "at",
            "on",
        ],
    ),
    must("channel", &["channel", "activity_type", "medium", "type"]),
    may("direction", &["direction", "in_out"]),
    may("minutes", &["minutes", "duration_minutes", "duration"]),
    may("mood", &["mood", "sentiment"]),
    may(
        "text",
        &[
            "note",
            "notes",
            "text",
            "comment",
            "summary",
            "subject",
            "description",
        ],
    ),
];

const TICKETS: &[Column] = &[
    must(
        "key",
        &[
            "ticket_id",
            "case_id",
            "case_number",
            "ticket",
            "external_id",
            "id",
            "key",
        ],
    ),
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    must(
        "opened",
        &[
            "opened_at",
            "opened_on",
            "created_at",
            "created_on",
            "opened",
            "created",
        ],
    ),
    may(
        "closed",
        &[
            "closed_at",
            "closed_on",
            "solved_at",
            "resolved_at",
            "resolved_on",
            "closed",
        ],
    ),
    may("severity", &["severity", "priority", "sev"]),
    may("subject", &["subject", "title", "summary"]),
    may("csat", &["csat", "satisfaction", "rating"]),
    UPDATED,
];

/// What the readers of calendars and mailboxes write.
const CORRESPONDENCE: &[Column] = &[
    must("reference", &["reference"]),
    must("at", &["at"]),
    may("minutes", &["minutes"]),
    must("channel", &["channel"]),
    may("status", &["status"]),
    must("from", &["from"]),
    may("with", &["with"]),
    may("text", &["text"]),
];

const CHURN: &[Column] = &[
    CUSTOMER,
    CUSTOMER_NAME,
    CUSTOMER_EMAIL,
    must(
        "on",
        &[
            "churned_on",
            "churn_date",
            "churned_at",
            "cancelled_on",
            "left_on",
            "lost_on",
        ],
    ),
    may("lost", &["mrr_lost", "lost_mrr", "mrr"]),
    may("reason", &["reason", "churn_reason", "primary_reason"]),
    may("returned", &["returned_on", "won_back_on", "returned"]),
    may("text", &["comment", "note", "text", "notes"]),
];

impl Kind {
    /// The kinds that tables have.
    pub const TABLES: &'static [Kind] = Kind::ALL.split_at(Kind::ALL.len() - 1).0;

    /// Every kind in the order in which files of a folder are taken: a row's customer and contact come before it.
    pub const ALL: &'static [Kind] = &[
        Kind::Customers,
        Kind::Contacts,
        Kind::StageChanges,
        Kind::SubscriptionVersions,
        Kind::Orders,
        Kind::Invoices,
        Kind::Usage,
        Kind::NpsResponses,
        Kind::Touchpoints,
        Kind::Tickets,
        Kind::Churn,
        Kind::Invitations,
        Kind::CsatResponses,
        Kind::CesResponses,
        Kind::SurveyAnswers,
        Kind::Correspondence,
    ];

    /// The word for `--as` and in reports.
    pub fn code(self) -> &'static str {
        self.names()[0]
    }

    /// The kind that a word names: `customers`, `nps`, `subscriptions`.
    pub fn named(word: &str) -> Option<Kind> {
        let word = header_code(word);
        Kind::ALL
            .iter()
            .copied()
            .find(|k| k.names().contains(&word.as_str()))
    }

    /// File names it goes by, folded; the first is its code.
    fn names(self) -> &'static [&'static str] {
        match self {
            Kind::Customers => &["customers", "accounts", "clients", "companies", "customer"],
            Kind::Contacts => &["contacts", "people", "persons", "contact"],
            Kind::StageChanges => &[
                "stage_changes",
                "stages",
                "stage_moves",
                "stage_history",
                "moves",
            ],
            Kind::SubscriptionVersions => {
                &["subscription_versions", "subscriptions", "subscription"]
            }
            Kind::Orders => &["orders", "purchases", "order"],
            Kind::Invoices => &["invoices", "bills", "invoice"],
            Kind::Usage => &["usage", "product_usage", "usage_weekly"],
            Kind::NpsResponses => &["nps_responses", "nps", "nps_answers"],
            Kind::Touchpoints => &[
                "touchpoints",
                "touches",
                "activities",
                "interactions",
                "touchpoint",
            ],
            Kind::Tickets => &["tickets", "support_tickets", "cases", "ticket"],
            Kind::Churn => &["churn", "churns", "churned", "cancellations"],
            Kind::Invitations => &["invitations", "survey_invitations", "invites"],
            Kind::CsatResponses => &["csat_responses", "csat", "csat_answers"],
            Kind::CesResponses => &["ces_responses", "ces", "ces_answers"],
            Kind::SurveyAnswers => &["survey_answers", "survey_responses", "friction_answers"],
            Kind::Correspondence => &["correspondence", "meetings_and_mails"],
        }
    }

    /// The codes of its fields, those that a file has to have first.
    pub fn fields(self) -> impl Iterator<Item = &'static str> {
        let required = self.columns().iter().filter(|c| c.required);
        required
            .chain(self.columns().iter().filter(|c| !c.required))
            .map(|c| c.code)
    }

    /// The profile of a plain CSV of the kind: each field under the name that comes first.
    pub fn plain(self) -> Profile {
        let columns = self
            .columns()
            .iter()
            .filter_map(|c| Some(((*c.names.first()?).to_owned(), c.code.to_owned())));
        Profile {
            name: self.code().to_owned(),
            about: format!("A plain CSV of {}", self.code().replace('_', " ")),
            kind: self.code().to_owned(),
            columns: columns.collect(),
            ..Profile::default()
        }
    }

    /// Its columns.
    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Kind::Customers => CUSTOMERS,
            Kind::Contacts => CONTACTS,
            Kind::StageChanges => STAGE_CHANGES,
            Kind::SubscriptionVersions => SUBSCRIPTION_VERSIONS,
            Kind::Orders => ORDERS,
            Kind::Invoices => INVOICES,
            Kind::Usage => USAGE,
            Kind::NpsResponses => NPS_RESPONSES,
            Kind::Touchpoints => TOUCHPOINTS,
            Kind::Tickets => TICKETS,
            Kind::Churn => CHURN,
            Kind::Invitations => INVITATIONS,
            Kind::CsatResponses => CSAT_RESPONSES,
            Kind::CesResponses => CES_RESPONSES,
            Kind::SurveyAnswers => SURVEY_ANSWERS,
            Kind::Correspondence => CORRESPONDENCE,
        }
    }
}

/// A header folded to a code: `Customer Since` is `customer_since`. Letters of every script stay.
pub(super) fn header_code(header: &str) -> String {
    let mut code = String::new();
    for c in crate::text::fold(header.trim()).chars() {
        if c.is_alphanumeric() {
            code.push(c);
        } else if !code.is_empty() && !code.ends_with('_') {
            code.push('_');
        }
    }
    code.truncate(code.trim_end_matches('_').len());
    code
}

/// The kind that a file's name says: `orders.csv`, `Orders 2026-11.csv`, `export_contacts.csv`; `orders.rejects.csv` too.
/// `None` when it says none, or more than one.
pub(super) fn by_name(file: &str) -> Option<Kind> {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let mut stem = stem;
    while let Some(front) = stem.strip_suffix(".rejects") {
        stem = front;
    }
    let code = header_code(stem);
    if let Some(kind) = Kind::named(&code) {
        return Some(kind);
    }
    let padded = format!("_{code}_");
    let fits = |k: &Kind| k.names().iter().any(|n| padded.contains(&format!("_{n}_")));
    let mut found = Kind::TABLES.iter().copied().filter(fits);
    match (found.next(), found.next()) {
        (Some(kind), None) => Some(kind),
        _ => None,
    }
}

/// The columns of which one will do: whose row it is, and what somebody is called.
const INSTEAD: &[(&str, &[&str])] = &[
    ("customer", &["customer_name", "customer_email"]),
    ("name", &["first_name", "last_name"]),
];

/// The fields of a kind that will do in place of a required one.
pub(super) fn instead(code: &str) -> &'static [&'static str] {
    INSTEAD
        .iter()
        .find(|(c, _)| *c == code)
        .map_or(&[], |(_, others)| others)
}

/// The kind whose required columns are all among the folded headers, the one with most columns found; customers last,
/// because nearly every table has a name.
pub(super) fn by_headers(codes: &[String]) -> Option<Kind> {
    let has = |c: &Column| {
        c.names.iter().any(|n| {
            codes
                .iter()
                .any(|h| h == n || h.strip_suffix("_minor") == Some(n))
        })
    };
    let there = |k: &Kind, c: &Column| {
        has(c)
            || k.columns()
                .iter()
                .any(|o| instead(c.code).contains(&o.code) && has(o))
    };
    let fitting = Kind::TABLES
        .iter()
        .copied()
        .filter(|k| k.columns().iter().all(|c| !c.required || there(k, c)));
    let weight = |k: &Kind| {
        (
            *k != Kind::Customers,
            k.columns().iter().filter(|c| has(c)).count(),
        )
    };
    fitting.max_by_key(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(line: &str) -> Vec<String> {
        line.split(',').map(header_code).collect()
    }

    #[test]
    fn a_header_folds_to_a_code() {
        assert_eq!(header_code(" Customer Since "), "customer_since");
        assert_eq!(header_code("ARR (USD)"), "arr_usd");
        assert_eq!(header_code("E-Mail"), "e_mail");
    }

    #[test]
    fn file_names_say_the_kind() {
        assert_eq!(by_name("customers.csv"), Some(Kind::Customers));
        assert_eq!(by_name("Orders 2026-11.csv"), Some(Kind::Orders));
        assert_eq!(by_name("export_contacts.csv"), Some(Kind::Contacts));
        assert_eq!(by_name("orders.rejects.csv"), Some(Kind::Orders));
        for other in [
            "mrr_changes.csv",
            "renewals.csv",
            "renewal_features.csv",
            "book.csv",
        ] {
            assert_eq!(by_name(other), None, "{other}");
        }
    }

    #[test]
    fn headers_say_the_kind() {
        assert_eq!(
            by_headers(&headers("name,owner,stage,arr")),
            Some(Kind::Customers)
        );
        assert_eq!(
            by_headers(&headers(
                "order_id,customer_id,ordered_on,amount_minor,discount_minor,status"
            )),
            Some(Kind::Orders)
        );
        assert_eq!(
            by_headers(&headers(
                "response_id,customer_id,contact_id,responded_at,score,comment"
            )),
            Some(Kind::NpsResponses)
        );
        assert_eq!(
            by_headers(&headers(
                "contact_id,customer_id,full_name,email,role,primary"
            )),
            Some(Kind::Contacts)
        );
        assert_eq!(by_headers(&headers("a,b,c")), None);
    }

    #[test]
    fn every_kind_reads_its_own_code() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.code()), Some(*kind));
        }
    }
}
