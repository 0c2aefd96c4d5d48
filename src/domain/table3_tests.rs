use super::*;
use crate::domain::WanVariant;

const HEAD: &str = "csp_region,wan_variant,description,provenance\n";
const UNKNOWNS: &str = "Central,Unknown,,DP106\nSouth,Unknown,,DP106\n";

fn read(rows: &str) -> Result<Table3, Table3Error> {
    Table3::from_csv(format!("{HEAD}{UNKNOWNS}{rows}").as_bytes())
}

#[test]
fn the_shipped_table_is_valid_and_gives_every_region_a_variant() {
    let table = Table3::shipped().unwrap();
    for region in CspRegion::ALL {
        let variants = table.region(region);
        assert_eq!(variants.region(), region);
        assert!(!variants.confirmed().is_empty(), "{region}");
        assert!(variants.confirmed().iter().all(|name| name.as_str() != UNKNOWN), "{region}");
        for (place, name) in variants.confirmed().iter().enumerate() {
            let variant = variants.confirm(name.as_str()).unwrap();
            assert_eq!(variant.place().map(usize::from), Some(place));
            assert_eq!(variants.at(u8::try_from(place).unwrap()), Some(variant));
            assert_eq!(variants.name(variant), Some(name.as_str()));
        }
    }
    assert_eq!(table.csv(), DEFAULT);
}

#[test]
fn each_shipped_row_tells_where_it_comes_from() {
    for row in Table3::shipped().unwrap().rows() {
        let expected = if row.name.as_str() == UNKNOWN { "DP106" } else { "assumed" };
        assert_eq!(row.provenance, expected, "{} {}", row.region, row.name);
        assert!(!row.description.is_empty(), "{} {}", row.region, row.name);
    }
}

#[test]
fn a_name_is_the_regions_own() {
    let table = read("Central,Cellular,,test\nSouth,Mesh,,test\n").unwrap();
    let cellular = table.region(CspRegion::Central).confirm("Cellular").unwrap();
    assert_eq!(table.region(CspRegion::Central).name(cellular), Some("Cellular"));
    assert_eq!(table.region(CspRegion::South).name(cellular), None);
    let unknown = WanVariant::unknown(CspRegion::South).unwrap();
    assert_eq!(table.region(CspRegion::South).name(unknown), Some("Unknown"));
    assert_eq!(table.region(CspRegion::Central).name(unknown), None);
    assert_eq!(table.region(CspRegion::South).at(1), None);
}

#[test]
fn rows_keep_the_tables_order_and_a_bom_and_crlf_are_read() {
    let csv = format!("\u{feff}{HEAD}South,B,,x\nSouth,Unknown,,DP106\nSouth,A,,x\nCentral,Unknown,,DP106\n");
    let table = Table3::from_csv(csv.replace('\n', "\r\n").as_bytes()).unwrap();
    let names: Vec<&str> = table.rows().iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["B", "Unknown", "A", "Unknown"]);
    let confirmed: Vec<&str> = table.region(CspRegion::South).confirmed().iter().map(VariantName::as_str).collect();
    assert_eq!(confirmed, ["B", "A"]);
}

#[test]
fn the_digest_is_of_the_bytes() {
    let (a, b) = (read("North,A,,test\n").unwrap(), read("North,A,,test \n").unwrap());
    assert_ne!(a.sha256(), b.sha256());
    assert_eq!(a.sha256(), read("North,A,,test\n").unwrap().sha256());
}

#[test]
fn a_wrong_table_is_refused_with_its_line_and_column() {
    let thirty = "x".repeat(30);
    assert!(read(&format!("North,{thirty},,test\n")).is_ok());
    let cases = [
        ("not CSV", read("North,A\n")),
        ("not UTF-8", Table3::from_csv(b"csp_region,wan_variant,description,provenance\nNorth,\xe9,,\n")),
        ("empty file", Table3::from_csv(b"")),
        ("columns swapped", Table3::from_csv(b"wan_variant,csp_region,description,provenance\n")),
        ("no such region", read("West,A,,test\n")),
        ("empty name", read("North,,,test\n")),
        ("a space for a name", read("North, ,,test\n")),
        ("outer space", read("North,A ,,test\n")),
        ("31 characters", read(&format!("North,{thirty}x,,test\n"))),
        ("not ASCII", read("North,Caf\u{e9},,test\n")),
        ("control character", read("North,A\tB,,test\n")),
        ("repeated", read("North,A,,test\nSouth,A,,test\nNorth,a,,test\n")),
        ("Unknown twice", read("South,Unknown,,test\n")),
        ("Unknown elsewhere", read("4G Central,Unknown,,test\n")),
        ("unknown elsewhere", read("North,UNKNOWN,,test\n")),
        ("Unknown missing", Table3::from_csv(format!("{HEAD}South,Unknown,,DP106\n").as_bytes())),
        ("Unknown misspelled", Table3::from_csv(format!("{HEAD}South,unknown,,DP106\n").as_bytes())),
        ("251 variants", read(&(0..251).map(|n| format!("North,V{n},,test\n")).collect::<String>())),
    ];
    let messages: Vec<String> = cases.map(|(case, table)| format!("{case}: {}", table.unwrap_err())).into();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    not CSV: not readable as CSV: CSV error: record 3 (line: 4, byte: 90): found record with 2 fields, but the previous record has 4 fields
    not UTF-8: not readable as CSV: CSV parse error: record 1 (line 2, field: 1, byte: 46): invalid utf-8: invalid UTF-8 in field 1 near byte index 0
    empty file: line 1: the header row must be exactly csp_region,wan_variant,description,provenance
    columns swapped: line 1: the header row must be exactly csp_region,wan_variant,description,provenance
    no such region: line 4, column csp_region: "West" is not a region; the regions are north, central, south, 4g-north, 4g-central and 4g-south
    empty name: line 4, column wan_variant: "" cannot be a variant's name: 1 to 30 printable ASCII characters without outer spaces are wanted
    a space for a name: line 4, column wan_variant: " " cannot be a variant's name: 1 to 30 printable ASCII characters without outer spaces are wanted
    outer space: line 4, column wan_variant: "A " cannot be a variant's name: 1 to 30 printable ASCII characters without outer spaces are wanted
    31 characters: line 4, column wan_variant: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" cannot be a variant's name: 1 to 30 printable ASCII characters without outer spaces are wanted
    not ASCII: line 4, column wan_variant: "Café" cannot be a variant's name: 1 to 30 printable ASCII characters without outer spaces are wanted
    control character: line 4, column wan_variant: "A\tB" cannot be a variant's name: 1 to 30 printable ASCII characters without outer spaces are wanted
    repeated: line 6, column wan_variant: North has "a" already (names are unique ignoring case)
    Unknown twice: line 4, column wan_variant: South has "Unknown" already (names are unique ignoring case)
    Unknown elsewhere: line 4, column wan_variant: Unknown stands for Central and South only (DP106), and this row gives it to 4G Central; remove the row
    unknown elsewhere: line 4, column wan_variant: Unknown stands for Central and South only (DP106), and this row gives it to North; remove the row
    Unknown missing: Central has no row for the variant Unknown, which DP106 adds for Central and South; add one
    Unknown misspelled: line 2, column wan_variant: the variant is spelled "Unknown", not "unknown"
    251 variants: North has more than 250 variants
    "#);
    assert!(read(&(0..250).map(|n| format!("North,V{n},,test\n")).collect::<String>()).is_ok());
}
