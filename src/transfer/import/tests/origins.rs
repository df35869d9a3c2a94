//! The shipped profiles over files with the headers that each origin writes.

use super::*;
use crate::domain::profile::shipped;

/// A profile, a file as its origin writes it, the rows it makes, and columns with what they become.
struct Case {
    profile: &'static str,
    file: &'static str,
    becomes: &'static [(&'static str, &'static str)],
}

const CASES: &[Case] = &[
    Case {
        profile: "hubspot-companies",
        file: "Record ID,Company name,Company owner,Create Date,Phone Number,Last Activity Date,City,Country/Region,Industry,Company Domain Name,Lifecycle Stage\n\
            9001,Globex,Ana Ak,2024-11-15 10:22,+1 555,2026-11-01 09:00,Berlin,Germany,COMPUTER_SOFTWARE,globex.example,Customer\n\
            9002,Initech,,2025-01-02 08:00,,,,,,initech.example,Customer\n",
        becomes: &[
            ("Record ID", "key"),
            ("Company Domain Name", "website"),
            ("City", "attr.city"),
            ("Last Activity Date", ""),
        ],
    },
    Case {
        profile: "hubspot-contacts",
        file: "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Primary Associated Company ID,Last Activity Date,Lead Status,Marketing contact status,Create Date,Associated Company\n\
            501,Ada,Ay,ada@globex.example,,Ana Ak,9001,,,Marketing contact,2025-01-01 10:00,Globex\n\
            502,Bob,,bob@initech.example,,,,,,,2025-01-01 10:00,Initech\n",
        becomes: &[
            ("First Name", "first_name"),
            ("Associated Company", "customer_name"),
            ("Lead Status", ""),
        ],
    },
    Case {
        profile: "hubspot-tickets",
        file: "Ticket ID,Ticket name,Pipeline,Ticket status,Create date,Priority,Ticket owner,Source,Last activity date,Close date,Associated Company\n\
            71,Cannot log in,Support Pipeline,New,2026-11-01 10:00,HIGH,Ana Ak,EMAIL,,,Globex\n\
            72,Slow,Support Pipeline,Closed,2026-10-01 10:00,,Ana Ak,CHAT,,2026-10-02 11:00,Initech\n",
        becomes: &[
            ("Ticket name", "subject"),
            ("Priority", "severity"),
            ("Close date", "closed"),
        ],
    },
    Case {
        profile: "salesforce-accounts",
        file: "\"Account ID\",\"Account Name\",\"Account Owner\",\"Website\",\"Phone\",\"Type\",\"Industry\",\"Billing Country\",\"Created Date\",\"Last Modified Date\"\n\
            \"0015g00000AbCdE\",\"Umbrella\",\"Bo Ek\",\"www.umbrella.example\",\"\",\"Customer\",\"Biotech\",\"US\",\"11/25/2024\",\"1/5/2026\"\n\
            \"0015g00000AbCdF\",\"Hooli\",\"Bo Ek\",\"\",\"\",\"Customer\",\"\",\"US\",\"1/5/2025\",\"1/5/2026\"\n",
        becomes: &[
            ("Account ID", "key"),
            ("Type", "attr.type"),
            ("Last Modified Date", "updated"),
        ],
    },
    Case {
        profile: "salesforce-contacts",
        file: "First Name,Last Name,Title,Account Name,Email,Phone,Account ID\nCy,Can,CTO,Umbrella,cy@umbrella.example,,0015g00000AbCdE\nDi,Dal,,Hooli,di@hooli.example,,0015g00000AbCdF\n",
        becomes: &[("Title", "role"), ("Account Name", "customer_name")],
    },
    Case {
        profile: "salesforce-cases",
        file: "Case Number,Account Name,Subject,Status,Priority,Date/Time Opened,Date/Time Closed,Contact Name\n\
            00001001,Umbrella,Export fails,Closed,High,\"11/25/2025, 3:45 PM\",\"11/26/2025, 9:00 AM\",Cy Can\n00001002,Hooli,Slow,New,Low,\"1/5/2026, 3:45 PM\",,\n",
        becomes: &[
            ("Case Number", "key"),
            ("Date/Time Opened", "opened"),
            ("Status", ""),
        ],
    },
    Case {
        profile: "salesforce-opportunities",
        file: "Opportunity ID,Opportunity Name,Account Name,Stage,Amount,Close Date,Probability (%),Opportunity Owner\n\
            006A,Umbrella renewal,Umbrella,Closed Won,\"USD 12,000.00\",11/25/2025,100%,Bo Ek\n006B,Hooli seats,Hooli,Negotiation/Review,900,1/5/2026,60%,Bo Ek\n",
        becomes: &[
            ("Opportunity Name", "key"),
            ("Stage", "status"),
            ("Amount", "amount"),
        ],
    },
    Case {
        profile: "zendesk-tickets",
        file: "Summation column,Id,Requester,Requester id,Requester external id,Requester email,Requester domain,Submitter,Assignee,Group,Subject,Tags,Status,Priority,Via,Ticket type,Created at,Updated at,Assigned at,Organization,Due date,Initially assigned at,Solved at,Resolution time,Satisfaction Score,Group stations,Assignee stations,Reopens,Replies\n\
            1,3001,Ada Ay,81,,ada@globex.example,globex.example,Ada Ay,Tom,Support,Cannot pay,billing,Solved,Urgent,Mail,Incident,2026-10-01 10:00,2026-10-02 10:00,2026-10-01 10:10,Globex,,2026-10-01 10:10,2026-10-02 10:00,24,Good,1,1,0,2\n\
            1,3002,Bob,82,,bob@initech.example,initech.example,Bob,Tom,Support,Question,,Open,-,Web,-,2026-11-01 10:00,2026-11-02 10:00,,,,,,,Offered,1,1,0,0\n",
        becomes: &[
            ("Id", "key"),
            ("Requester email", "customer_email"),
            ("Satisfaction Score", "csat"),
            ("Status", ""),
        ],
    },
    Case {
        profile: "intercom-tickets",
        file: "message_id,message_body,message_type,message_created_at,message_author_type,message_author_id,message_author_user_id,message_author_name,message_author_email,message_author_companies,conversation_tags,conversation_id,conversation_state,conversation_created_at,conversation_first_response_at,conversation_closed_at,app_id,app_name\n\
            m1,Where is my invoice?,conversation_message,2026-11-01 21:45:08,user,u1,,Ada Ay,ada@globex.example,Globex,,c1,closed,2026-11-01 21:45:08,2026-11-01 21:50:00,2026-11-02 08:00:00,a,Ours\n\
            m2,Hello,conversation_message,2026-11-03 10:00:00,lead,l1,,Bob,bob@initech.example,,,c2,open,2026-11-03 10:00:00,,,a,Ours\n",
        becomes: &[
            ("conversation_id", "key"),
            ("message_body", "subject"),
            ("conversation_closed_at", "closed"),
        ],
    },
    Case {
        profile: "stripe-customers",
        file: "id,Description,Email,Name,Created (UTC),Delinquent,Plan,Status,Total Spend,Payment Count,Refunded Volume,Dispute Losses,tag (metadata)\n\
            cus_A1,,pay@vandelay.example,Vandelay,2025-06-01 10:00,false,price_1,active,1200.00,12,0.00,0.00,\ncus_A2,,pay@wonka.example,Wonka,2025-07-01 10:00,true,,,0.00,0,0.00,0.00,\n",
        becomes: &[
            ("id", "key"),
            ("Created (UTC)", "created"),
            ("Total Spend", ""),
            ("Delinquent", "attr.delinquent"),
        ],
    },
    Case {
        profile: "stripe-subscriptions",
        file: "id,Customer ID,Customer Description,Customer Email,Plan,Quantity,Currency,Interval,Amount,Status,Created (UTC),Start Date (UTC),Current Period Start (UTC),Current Period End (UTC),Trial Start (UTC),Trial End (UTC),Application Fee Percent,Coupon,Tax Percent,Canceled At (UTC),Ended At (UTC)\n\
            sub_1,cus_A1,,pay@vandelay.example,price_1,3,usd,month,99.00,active,2025-06-01 10:00,2025-06-01 10:00,2026-11-01 10:00,2026-12-01 10:00,,,,,,,\n\
            sub_2,cus_A2,,pay@wonka.example,price_2,1,usd,year,1200.00,canceled,2025-07-01 10:00,2025-07-01 10:00,,,,,,,,2026-01-01 10:00,2026-07-01 10:00\n",
        becomes: &[
            ("Customer ID", "customer"),
            ("Start Date (UTC)", "start"),
            ("Ended At (UTC)", "end"),
        ],
    },
    Case {
        profile: "stripe-invoices",
        file: "id,Amount Due,Billing,Closed,Currency,Customer,Date (UTC),Due Date (UTC),Number,Paid,Subscription,Subtotal,Total Discount Amount,Applied Coupons,Tax,Tax Percent,Total,Amount Paid,Status\n\
            in_1,297.00,charge_automatically,TRUE,usd,cus_A1,2026-11-01 10:00,,A1-0001,TRUE,sub_1,297.00,0.00,,0.00,,297.00,297.00,paid\n\
            in_2,1200.00,send_invoice,FALSE,usd,cus_A2,2026-10-01 10:00,2026-10-31 10:00,A2-0001,FALSE,sub_2,1200.00,0.00,,0.00,,1200.00,0.00,open\n",
        becomes: &[
            ("Customer", "customer"),
            ("Total", "amount"),
            ("Date (UTC)", "on"),
        ],
    },
    Case {
        profile: "chargebee-customers",
        file: "Customer Id,First Name,Last Name,Email,Company,Phone,Auto Collection,Created At,Updated At\n\
            cb1,Ed,Er,ed@stark.example,Stark,,on,01-Jun-2025 10:00,02-Jun-2025 10:00\ncb2,Fe,Fil,fe@wayne.example,Wayne,,off,01-Jul-2025 10:00,02-Jul-2025 10:00\n",
        becomes: &[("Company", "name"), ("Created At", "created")],
    },
    Case {
        profile: "chargebee-subscriptions",
        file: "Subscription Id,Customer Id,Customer Email,Plan Id,Plan Quantity,Plan Unit Price,Billing Period,Billing Period Unit,Currency,Status,Started At,Cancelled At\n\
            s1,cb1,ed@stark.example,basic,5,20.00,1,month,USD,active,01-Jun-2025 10:00,\ns2,cb2,fe@wayne.example,pro,1,900.00,1,year,USD,cancelled,01-Jul-2025 10:00,01-Jul-2026 10:00\n",
        becomes: &[
            ("Subscription Id", "key"),
            ("Plan Unit Price", "amount"),
            ("Billing Period", "count"),
        ],
    },
    Case {
        profile: "chargebee-invoices",
        file: "Invoice Number,Subscription Id,Customer Id,Customer Email,Invoice Date,Due Date,Paid On,Amount,Status,Currency\n\
            INV1,s1,cb1,ed@stark.example,01-Nov-2026,15-Nov-2026,03-Nov-2026,100.00,Paid,USD\nINV2,s2,cb2,fe@wayne.example,01-Jul-2026,15-Jul-2026,,900.00,Payment Due,USD\n",
        becomes: &[("Invoice Number", "key"), ("Paid On", "paid")],
    },
    Case {
        profile: "delighted-nps",
        file: "Response ID,Survey Type,Person ID,Person Name,Person Email,Score,Comment,Response Time,Company\n\
            r1,nps,p1,Ada Ay,ada@globex.example,9,Great,2026-11-01 10:00:00 -0800,Globex\nr2,nps,p2,Bob,bob@initech.example,4,Slow,2026-11-02 10:00:00 -0800,\n",
        becomes: &[
            ("Person Email", "customer_email"),
            ("Score", "score"),
            ("Comment", "text"),
        ],
    },
];

#[test]
fn every_shipped_profile_knows_its_files_and_takes_their_rows() {
    let mut store = book();
    let mut profiles: Vec<String> = shipped().into_iter().map(|p| p.name).collect();
    for case in CASES {
        let folder = folder(&[("export.csv", case.file)]);
        let path = folder.path().join("export.csv");
        let report = run(&mut store, &path, false);
        let file = &report.files[0];
        assert_eq!(
            file.profile.as_deref(),
            Some(case.profile),
            "recognised by its headers"
        );
        assert_eq!(
            (file.made, file.rejected),
            (2, 0),
            "{}: {:?}",
            case.profile,
            file.first_rejects
        );
        for (header, becomes) in case.becomes {
            let column = file
                .columns
                .iter()
                .find(|c| c.header == *header)
                .expect("a column");
            let shown = match &column.becomes {
                Use::Field { field, .. } => (*field).to_owned(),
                Use::Attribute { code, .. } => format!("attr.{code}"),
                Use::Ignored => String::new(),
            };
            assert_eq!(shown, *becomes, "{}: {header}", case.profile);
        }
        let again = run(&mut store, &path, false);
        assert_eq!(
            again.end,
            End::NothingNew,
            "{}: {:?}",
            case.profile,
            again.files[0]
        );
        profiles.retain(|p| p != case.profile);
    }
    assert_eq!(profiles, Vec::<String>::new(), "a file for each");
}

#[test]
fn the_words_of_an_origin_become_ours() {
    let mut store = book();
    for case in CASES
        .iter()
        .filter(|c| c.profile.starts_with("hubspot") || c.profile == "zendesk-tickets")
    {
        let folder = folder(&[("export.csv", case.file)]);
        run(&mut store, &folder.path().join("export.csv"), false);
    }
    let found = store.find_customer("Globex").expect("found");
    let Ok(Page::Account(Some(account))) = store.answer(&Query::Account {
        customer: found,
        timeline: Default::default(),
    }) else {
        panic!("an account")
    };
    let mut told: Vec<_> = account
        .events
        .iter()
        .filter(|e| e.kind == EventKind::Ticket)
        .map(|e| (e.channel.as_str(), e.number))
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("closed", Some(1)),
            ("opened", Some(1)),
            ("opened", Some(2))
        ],
        "urgent is 1, HIGH is 2"
    );
}

#[test]
fn a_subscription_of_stripe_ends_when_it_ended_and_not_when_that_was_asked_for() {
    let mut store = book();
    for name in ["stripe-customers", "stripe-subscriptions"] {
        let case = CASES.iter().find(|c| c.profile == name).expect("a case");
        let folder = folder(&[("export.csv", case.file)]);
        run(&mut store, &folder.path().join("export.csv"), false);
    }
    let wonka = store.find_customer("Wonka").expect("found");
    let Ok(Page::Account(Some(account))) = store.answer(&Query::Account {
        customer: wonka,
        timeline: Default::default(),
    }) else {
        panic!("an account")
    };
    assert_eq!(
        account
            .versions
            .iter()
            .map(|v| v.end.map(|d| d.to_string()))
            .collect::<Vec<_>>(),
        [Some("2026-07-01".to_owned())]
    );
}

#[test]
fn a_plain_file_of_each_kind_has_its_profile() {
    for kind in Kind::TABLES {
        let profile = kind.plain();
        let headers: Vec<String> = profile.columns.keys().cloned().collect();
        let map = Mapping::with(*kind, &headers, Some(&profile), &[]).expect("maps");
        assert_eq!(map.missing(*kind), Vec::<String>::new(), "{kind:?}");
        assert!(map.others.is_empty(), "{kind:?}: {:?}", map.others);
    }
}

#[test]
fn a_profile_of_ones_own_is_kept_in_the_book_and_used_again() {
    let mut store = book();
    let text = "Nr,Wer,Web\n7,Globex,globex.example\n";
    let first = folder(&[("liste.csv", text)]);
    let path = first.path().join("liste.csv");
    let columns = [("Nr", "key"), ("Wer", "name"), ("Web", "website")]
        .map(|(h, f)| (h.to_owned(), f.to_owned()))
        .to_vec();
    let wanted = Wanted {
        kind: Some(Kind::Customers),
        columns,
        ..Wanted::default()
    };
    let report = import(&mut store, &path, &wanted, NOW, &mut |_| Continue::Yes).expect("imports");
    assert!(save_profile("Our CRM", &report.files[0], &wanted).is_err());
    let profile = save_profile("our-crm", &report.files[0], &wanted).expect("a profile");
    let value = Some(profile.write().expect("TOML"));
    store
        .write(
            &crate::domain::command::Command::SetConfig {
                key: "profile.our-crm".into(),
                value,
                base: None,
            },
            NOW,
        )
        .expect("kept");
    let again = run(&mut store, &path, false);
    assert_eq!(
        (again.end, again.files[0].profile.as_deref()),
        (End::NothingNew, Some("our-crm"))
    );
    let other = Wanted {
        plain: true,
        ..Wanted::default()
    };
    assert!(
        import(&mut store, &path, &other, NOW, &mut |_| Continue::Yes).is_err(),
        "without it the file is not understood"
    );
    let none = Wanted {
        profile: Some("nobody".into()),
        ..Wanted::default()
    };
    assert_eq!(
        import(&mut store, &path, &none, NOW, &mut |_| Continue::Yes)
            .expect_err("refused")
            .exit_code(),
        3
    );
}
