use super::*;
use crate::catalogue::{ItemStatus, MemoryCatalogueStore};
use crate::demo;
use wartel_core::Locale;

fn read(text: &str) -> Sheet {
    read_sheet(text.as_bytes(), &TenantId::default(), &Schema::cars(), Timestamp::EPOCH).unwrap()
}

fn kinds(sheet: &Sheet) -> Vec<(u64, &str, LineProblemKind)> {
    sheet.problems.iter().map(|it| (it.line, it.column.as_str(), it.kind.clone())).collect()
}

#[test]
fn a_file_of_an_indonesian_spreadsheet() {
    let sheet = read(
        "\u{feff}Kode;Nama;Harga;Status;Tahun;Kilometer;Transmisi;Mesin;Foto;Catatan;Sales\r\n\
         av-1;Toyota Avanza;Rp 150.000.000;dipesan;2019;45.000 km;Matic;1.5;https://a.example/1.jpg https://a.example/2.jpg;\"baret; sedikit\";Budi\r\n\
         ;;;;;;;;;;\r\n\
         AV-2;Toyota Avanza;150 juta;;;;;1.300 cc;;;\r\n",
    );
    assert_eq!(sheet.problems, vec![]);
    assert_eq!(sheet.unknown_columns, ["Sales"]);
    let [first, second] = &sheet.items[..] else { panic!() };
    assert_eq!(
        (first.code.as_str(), first.price, first.status),
        ("AV-1", Some(150_000_000), ItemStatus::Reserved)
    );
    assert_eq!((first.number("year"), first.number("mileage")), (Some(2019), Some(45_000)));
    assert_eq!((first.text("transmission"), first.number("engine")), (Some("automatic"), Some(1_500)));
    assert_eq!((first.photos.len(), first.notes.as_str()), (2, "baret; sedikit"));
    assert_eq!(
        (second.price, second.number("engine"), second.number("year")),
        (Some(150_000_000), Some(1_300), None)
    );
}

#[test]
fn every_bad_line_is_told_with_its_number_and_the_others_are_read() {
    let sheet = read(
        "code,title,price,status,year,transmission,photos\n\
         AV-1,Avanza,mahal,available,2019,manual,\n\
         AV-2,Avanza,1,sewa,2019,manual,\n\
         A/3,Avanza,1,,2019,manual,\n\
         AV-4,,1,,2019,manual,\n\
         AV-5,Avanza,1,,19,manual,\n\
         AV-6,Avanza,1,,'19,robot,\n\
         AV-7,Avanza,1,,2019,robot,\n\
         AV-8,Avanza,1,,2019,manual,ftp://x\n\
         AV-9,\"Avanza,\n putih\",1,,2019,manual,\n\
         av-9,Avanza,1,,2019,manual,\n\
         AV-10,Avanza,Rp 150,000,000,,2019,manual\n\
         AV-11,Avanza\n",
    );
    let misfit = |expected: &str| LineProblemKind::Misfit { expected: expected.to_owned() };
    assert_eq!(
        kinds(&sheet),
        [
            (2, "price", LineProblemKind::Price),
            (3, "status", LineProblemKind::Status),
            (4, "code", LineProblemKind::Code),
            (5, "title", misfit("the title must be 1 to 120 characters on one line, none of them hidden")),
            (6, "year", misfit("a year from 1900 to 2100")),
            (7, "year", LineProblemKind::Number),
            (8, "transmission", misfit("one of automatic, manual")),
            (
                9,
                "photos",
                misfit("the address of picture 1 must begin with https:// and have at most 2,000 characters")
            ),
            (12, "code", LineProblemKind::SameCode { line: 10 }),
            (13, "", LineProblemKind::TooManyCells),
        ]
    );
    assert_eq!(sheet.bad_lines, 10);
    let codes: Vec<&str> = sheet.items.iter().map(|item| item.code.as_str()).collect();
    assert_eq!(codes, ["AV-9", "AV-11"]);
    assert_eq!(
        sheet.problems[0].text(Locale::Id),
        "Baris 2, price: tulis harga seperti 150000000 atau Rp 150.000.000, atau kosongkan"
    );
    assert_eq!(
        sheet.problems[8].text(Locale::En),
        "Line 12, code: the code stands on line 10 already; each code once"
    );
}

#[test]
fn what_is_no_file_of_items_is_refused_whole() {
    let refused =
        |bytes: &[u8]| read_sheet(bytes, &TenantId::default(), &Schema::cars(), Timestamp::EPOCH).err();
    assert_eq!(refused(b""), Some(FileProblem::NoHeader));
    assert_eq!(refused(b"title,price\nA,1\n"), Some(FileProblem::NoHeader));
    assert_eq!(refused(b"code,kode,title\n"), Some(FileProblem::SameColumnTwice));
    assert_eq!(refused(b"code,title\nA\xff,1\n"), Some(FileProblem::NotText));
    assert_eq!(refused(b"c\0o\0d\0e\0"), Some(FileProblem::NotText));
    assert_eq!(refused(&vec![b'a'; 5 * 1024 * 1024 + 1]), Some(FileProblem::TooLarge));
    assert_eq!(refused("code,title\n".repeat(20_001).as_bytes()), Some(FileProblem::TooManyLines));
}

#[test]
fn exports_are_read_back_the_same() {
    let (_, mut items) = demo::shop(TenantId::default(), "https://foto.example");
    items[0].notes = "dua baris\n\"dikutip\", titik; koma".to_owned();
    items[1].title = "=cmd|' /C calc'!A0".to_owned();
    items[2].notes = "-10 % bulan ini".to_owned();
    items[3].notes = "'sudah dikutip".to_owned();
    let text = write_sheet(&items, &Schema::cars());
    assert_eq!(read(&text).problems, vec![]);
    assert_eq!(read(&text).items, items);
}

#[test]
fn exports_hold_no_formulas() {
    for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=HYPERLINK(\"https://e.example\",\"x\")"] {
        let item = Item { notes: evil.to_owned(), ..Item::new(TenantId::default(), "AV-1", evil.trim()) };
        let text = write_sheet(&[item], &Schema::cars());
        let mut reader =
            ::csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t'])), "{text}");
    }
}

#[tokio::test]
async fn nothing_of_a_file_with_bad_lines_is_stored_unless_asked() {
    let store = MemoryCatalogueStore::new();
    let tenant = TenantId::default();
    let schema = Schema::cars();
    let import = async |text: &str, mode| {
        import_sheet(&store, &tenant, &schema, text.as_bytes(), mode, Timestamp::EPOCH).await.unwrap()
    };
    let text = "code,title,price\nAV-1,Avanza,150000000\nAV-2,Brio,mahal\n";
    let report = import(text, ImportMode::AllOrNothing).await;
    assert_eq!((report.stored, report.added, report.bad_lines), (false, 1, 1));
    assert_eq!(store.list(&tenant).await.unwrap(), vec![]);
    let report = import(text, ImportMode::GoodLines).await;
    assert_eq!((report.stored, report.added), (true, 1));
    let dry = import("code,title,price\nAV-1,Avanza,1\nAV-3,Brio,2\n", ImportMode::DryRun).await;
    assert_eq!((dry.stored, dry.added, dry.changed), (false, 1, 1));
    assert_eq!(store.list(&tenant).await.unwrap()[0].price, Some(150_000_000));
    let again =
        import("code,title,price\nAV-1,Avanza,Rp 150.000.000\nAV-3,Brio,2\n", ImportMode::AllOrNothing).await;
    assert_eq!((again.stored, again.added, again.changed, again.unchanged), (true, 1, 0, 1));
    assert_eq!(store.list(&tenant).await.unwrap().len(), 2);
}
