//! What `docs/providers.md` says of the adapters is what they say of themselves.

use std::fmt::Write as _;
use std::path::Path;

use wartel_messaging::adapters::{connect, names};
use wartel_messaging::{Account, AccountSettings, Authenticity};

/// Made-up settings with everything that an adapter can be told.
fn whole(provider: &str) -> AccountSettings {
    let pairs: &[(&str, &str)] = match provider {
        "cloud_api" => &[
            ("token", "made-up-token"),
            ("phone_number_id", "100000000000001"),
            ("app_secret", "made-up-secret"),
            ("verify_token", "made-up-word"),
            ("otp_template", "kode_masuk"),
        ],
        "evolution" => &[
            ("url", "https://api.example"),
            ("token", "made-up-token"),
            ("instance", "toko"),
            ("webhook_secret", "x"),
        ],
        "fonnte" => &[("token", "made-up-token")],
        "gateway" => &[("url", "https://api.example")],
        "gowa" => &[("url", "https://api.example"), ("webhook_secret", "made-up-secret")],
        "twilio" => &[
            ("account_sid", "AC00000000000000000000000000000001"),
            ("token", "made-up-token"),
            ("from", "+14155550123"),
            ("otp_content_sid", "HX00000000000000000000000000000001"),
        ],
        "waha" => &[
            ("url", "https://api.example"),
            ("token", "made-up-token"),
            ("webhook_secret", "made-up-secret"),
        ],
        other => panic!("no settings are made up for {other}"),
    };
    pairs.iter().fold(AccountSettings::new(), |settings, (name, value)| settings.with(*name, *value))
}

type Column = (&'static str, fn(&Account) -> bool);

const COLUMNS: &[Column] = &[
    ("codes", |account| account.provider.capabilities().one_time_code),
    ("text", |account| account.provider.capabilities().text),
    ("files by URL", |account| account.provider.capabilities().media_urls),
    ("files by bytes", |account| account.provider.capabilities().media_bytes),
    ("choices", |account| account.provider.capabilities().buttons),
    ("templates", |account| account.provider.capabilities().templates),
    ("quotes", |account| account.provider.capabilities().quotes),
    ("LID", |account| account.provider.capabilities().lid_recipients),
    ("ids", |account| account.provider.capabilities().message_ids),
    ("receipts", |account| account.provider.capabilities().receipts),
    ("webhooks", |account| account.webhooks.is_some()),
    ("signed", |account| {
        account.webhooks.as_ref().is_some_and(|source| source.authenticity() == Authenticity::Signed)
    }),
    ("device", |account| account.device.is_some()),
    ("pairing", |account| account.pairing.is_some()),
    ("number check", |account| account.numbers.is_some()),
    ("number of a LID", |account| account.lids.is_some()),
    ("read, typing", |account| account.presence.is_some()),
];

fn capabilities() -> String {
    let mut table = "| provider |".to_owned();
    COLUMNS.iter().for_each(|(name, _)| write!(table, " {name} |").unwrap());
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(COLUMNS.len()));
    for name in names() {
        let account = connect(name, &whole(name)).unwrap();
        write!(table, "\n| `{name}` |").unwrap();
        COLUMNS.iter().for_each(|(_, has)| table.push_str(if has(&account) { " ✔ |" } else { " – |" }));
    }
    table
}

/// An adapter names its settings when it is given one that it does not have.
fn settings() -> String {
    let mut table = "| provider | settings |\n|---|---|".to_owned();
    for name in names() {
        let error =
            connect(name, &AccountSettings::new().with("no_such_setting", "x")).unwrap_err().to_string();
        let known = error.rsplit_once("none of: ").expect("it names its settings").1;
        let known: Vec<String> = known.split(", ").map(|setting| format!("`{setting}`")).collect();
        write!(table, "\n| `{name}` | {} |", known.join(", ")).unwrap();
    }
    table
}

#[test]
fn the_tables_of_the_page_are_what_the_adapters_say() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/providers.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let mut expected = text.clone();
    for (name, table) in [("capabilities", capabilities()), ("settings", settings())] {
        let begin = format!("<!-- table: {name} -->\n");
        let start = expected.find(&begin).unwrap() + begin.len();
        let end = start + expected[start..].find("<!-- end -->").unwrap();
        expected.replace_range(start..end, &format!("{table}\n"));
    }
    if std::env::var_os("WARTEL_WRITE_DOCS").is_some() {
        std::fs::write(&page, &expected).unwrap();
        return;
    }
    assert!(text == expected, "docs/providers.md is out of date: run this test with WARTEL_WRITE_DOCS=1");
}
